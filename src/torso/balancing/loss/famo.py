"""FAMO: all losses fall at the same rate, at the price of one more forward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing._arguments import Losses, stacked
from torso.balancing._preference import Preference, per_task
from torso.balancing.loss._positive import PositiveBalancer
from torso.core.ranges import Range

__all__ = ["FAMO"]

_EPSILON = 1e-8
_BETAS = (0.9, 0.999)


class FAMO(PositiveBalancer, name="famo"):
    """Weights that make all losses fall at the same rate.

    `c sum_k z_k log(L_k - b_k)` with `z = softmax(w)`; the losses' weights sum to one by c.

    From Liu, Feng, Stone, Liu, NeurIPS 2023, "FAMO: Fast Adaptive Multitask Optimization"
    (https://arxiv.org/abs/2306.03792). `after_step` computes the losses of the same batch anew
    and moves w by Adam towards the tasks that improved least:
    `w -= Adam(J' (log(L - b) - log(L_new - b)) + gamma w)` with J the Jacobian of the softmax.

    Three values of gamma are in use: 0.001 in the paper's algorithm, 0.01 in the authors' `famo.py`, 0.00001 in their
    experiments. Differs: the authors clip the shared gradient's norm to 1, which is `training.clip` here; they add
    1e-8 to `L - b`, here a loss at its bound is left out; a task without labels keeps its w and its Adam's state.

    Args:
        lr: learning rate of w.
        gamma: weight decay of w.
        min_losses: lower bounds `{task: b}`, 0 for a task that is not named; or one number per task.
        shift: accept losses below b (see `PositiveBalancer`).
    """

    logits: Tensor
    first: Tensor
    second: Tensor
    steps: Tensor
    before: Tensor

    needs = "losses; 1 plain step and 1 more forward pass"

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        lr: Annotated[float, Range(1e-3, 0.1, log=True)] = 0.025,
        gamma: Annotated[float, Range(1e-5, 1e-1, log=True)] = 1e-3,
        min_losses: Preference = None,
        shift: bool = False,
    ) -> None:
        super().__init__(tasks, shift=shift)
        for name, value in (("lr", lr), ("gamma", gamma)):
            if not 0.0 <= value < float("inf"):
                raise ValueError(
                    f"Parameter `{name}` should be finite and not negative. Found {value}."
                )
        self.lr = lr
        self.gamma = gamma
        count = len(self.tasks)
        self.minimum.copy_(per_task("min_losses", self.tasks, min_losses, 0.0))
        self.register_buffer("logits", torch.zeros(count))
        self.register_buffer("first", torch.zeros(count))
        self.register_buffer("second", torch.zeros(count))
        self.register_buffer("steps", torch.zeros(count, dtype=torch.int64))
        self.register_buffer("before", torch.full((count,), torch.nan), persistent=False)

    def scalar(self, losses: Tensor, tasks: Tensor, bound: Tensor, /) -> Tensor:
        """Return the weighted log losses."""
        del bound
        z = self.logits[tasks].softmax(0).to(losses)
        factor = 1.0 / (z / losses.detach()).sum()
        return factor * (z * losses.log()).sum()

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Keep this batch's losses for `after_step`."""
        super().update(losses, tasks)
        self.before.fill_(torch.nan)
        self.before[tasks] = losses.to(self.before)

    @torch.no_grad()
    def after_step(self, recompute: Callable[[], Losses]) -> None:
        """Move w, given the same batch's losses after the step."""
        tasks = self.before.isfinite().nonzero().flatten()
        if not len(tasks):
            return
        before, after = (
            self.before[tasks],
            stacked(self.tasks, recompute())[0].detach()[tasks].to(self.before),
        )
        self.before.fill_(torch.nan)
        bound = self.bound(torch.minimum(before, after), tasks)
        change = (before - bound).log() - (after - bound).log()
        known = change.isfinite()  # not below its bound, and no overflow in this step
        if bool(known.any()):
            self._move(change[known], tasks[known])

    def _move(self, change: Tensor, tasks: Tensor) -> None:
        w = self.logits[tasks]
        z = w.softmax(0)
        slope = z * (change - (z * change).sum()) + self.gamma * w
        self.steps[tasks] += 1
        self.first[tasks] = _BETAS[0] * self.first[tasks] + (1.0 - _BETAS[0]) * slope
        self.second[tasks] = _BETAS[1] * self.second[tasks] + (1.0 - _BETAS[1]) * slope.square()
        steps = self.steps[tasks].to(w)
        first = self.first[tasks] / (1.0 - _BETAS[0] ** steps)
        second = self.second[tasks] / (1.0 - _BETAS[1] ** steps)
        self.logits[tasks] = w - self.lr * first / (second.sqrt() + _EPSILON)
