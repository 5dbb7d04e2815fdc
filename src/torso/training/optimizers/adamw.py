"""AdamW whose steps are counted once for many parameters: a small model spends more on counting than on moving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import overload

import torch
from torch import Tensor, nn

from torso.training.optimizers._optimizer import Optimizer

__all__ = ["AdamW"]


class AdamW(Optimizer, torch.optim.AdamW, name="adamw"):
    """Fused AdamW, equal to PyTorch's to the last digit, with the counts of a group in one tensor on the CPU.

    From Loshchilov & Hutter, ICLR 2019, "Decoupled weight decay" (https://arxiv.org/abs/1711.05101). Differs from
    PyTorch's in one way: that adds 1 to each parameter's own count, an operation for every parameter of the model.

    Args:
        betas: decays of the running means of gradients and of their squares.
        eps: added to the root of the squares.
    """

    def __init__(
        self,
        params: list[dict[str, object]],
        lr: float = 1e-3,
        weight_decay: float = 0.01,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, fused=True)
        self._counts: dict[int, tuple[list[nn.Parameter], Sequence[Tensor], Tensor]] = {}

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move all parameters that have a gradient."""
        moved = [[p for p in group["params"] if p.grad is not None] for group in self.param_groups]
        ready = all(p.device.type == "cpu" and self.state.get(p) for group in moved for p in group)
        if closure is not None or not ready:
            loss: float | None = super().step(closure)  # it also makes the state of new parameters
            return loss
        for number, (group, members) in enumerate(zip(self.param_groups, moved, strict=True)):
            if not members:
                continue
            states = [self.state[p] for p in members]
            self._count(number, members).add_(1)
            torch._fused_adamw_(
                members,
                [p.grad for p in members],
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                [state["step"] for state in states],
                lr=group["lr"],
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )
        return None

    def _count(self, number: int, members: list[nn.Parameter]) -> Tensor:
        """Return the counts of a group's members, `[members]`; their states hold views of it."""
        if number in self._counts:
            known, views, counts = self._counts[number]
            same = len(known) == len(members) and all(map(is_, known, members))
            if same and self.state[members[0]]["step"] is views[0]:  # else a checkpoint was loaded
                return counts
        counts = torch.stack([self.state[p]["step"] for p in members])
        views = counts.unbind()
        for p, view in zip(members, views, strict=True):
            self.state[p]["step"] = view
        self._counts[number] = (members, views, counts)
        return counts
