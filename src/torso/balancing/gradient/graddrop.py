"""GradDrop: keeps, number by number, either the positive or the negative gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from torso.balancing._preference import per_task
from torso.balancing.gradient._gradient_balancer import GradientBalancer

__all__ = ["GradDrop"]


class GradDrop(GradientBalancer, name="graddrop"):
    """Sum of the gradients' positive or negative entries, drawn number by number.

    From Chen, Ngiam, Huang, Luong, Kretzschmar, Chai, Anguelov, NeurIPS 2020, "Just Pick a Sign: Optimizing Deep
    Multitask Models with Gradient Sign Dropout" (https://arxiv.org/abs/2010.06808), algorithm 1, lines 10 to
    15: the positive sign is kept with the probability `P = (1 + sum g / sum |g|) / 2`, the positive sign purity. The
    leak l lets a task's gradient through: `l g + (1 - l) kept(g)`.

    Differs: the paper drops at the activations, with gradients summed over the batch; this acts on the parameters'
    gradients and needs no hook in the model. No further function is applied to P. If the drawn number equals P,
    the negative sign stays; the paper's two strict inequalities drop both.

    Args:
        leak: share of every gradient that is never dropped, from 0 to 1; or one share per task, by name (0 for
            a task that is not named) or in order.
        seed: of the draws; each step has its own, which `forward` repeats and a resumed run continues.
    """

    draws_on_device = True
    leak: Tensor
    step: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        leak: float | Mapping[str, float] | Sequence[float] = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(tasks)
        if isinstance(leak, float | int):
            leak = [leak] * len(self.tasks)
        self.seed = seed
        shares = per_task(
            "leak",
            self.tasks,
            leak,
            0.0,
            rule="from 0 to 1",
            good=lambda share: (share >= 0) & (share <= 1),
        )
        self.register_buffer("leak", shares)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def combine(self, jacobian: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the kept part of the rows' sum."""
        above, below = jacobian.clamp(min=0.0), jacobian.clamp(max=0.0)
        positive = above.sum(0)
        size = positive - below.sum(0)
        purity = positive / size.where(size > 0, 1.0)
        draws = torch.rand(len(purity), generator=self._generator(jacobian), device=purity.device)
        leak = self.leak[tasks].to(jacobian)
        kept = torch.where(purity > draws, (1.0 - leak) @ above, (1.0 - leak) @ below)
        return leak @ jacobian + kept

    def update(self, jacobian: Tensor, tasks: Tensor, losses: Tensor, /) -> None:
        """Go on to the next draw."""
        del jacobian, tasks, losses
        self.step += 1

    def _generator(self, like: Tensor) -> torch.Generator:
        generator = torch.Generator(like.device)
        return generator.manual_seed((self.seed * 1_000_003 + int(self.step)) % 2**32)
