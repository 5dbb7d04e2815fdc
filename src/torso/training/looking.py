"""Looks at the tasks' gradients beside a training: the effect of a step for one task on the others.

A look spans two steps, and a few looks follow each other, so that the gradients of a step serve two. In the first, each task's gradient is taken, and the step that the optimizer would make of it alone.
In the next, the same is done on other rows; the inner products across the two say how far each step would have lowered
each loss there, to first order. Rows of its own keep a task's noise from looking like kinship with itself.

From Fifty et al. 2021, "Efficiently Identifying Task Groupings for Multi-Task Learning" (TAG,
https://arxiv.org/abs/2109.04617). Differs: first order instead of a second forward pass, on the next batch instead of the
same; Adam's scale of each parameter counts, its running mean of directions does not, since it is that of all tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch import distributed as dist

from torso.balancing.engine.task_gradients import PassOptions, TaskGradients
from torso.training.listeners import Look

__all__ = ["GradientLooks", "above_encoders"]

_CHAIN = 4
"""Looks that follow each other: five steps with gradients of each task make four."""
_MOST_NUMBERS = 1 << 28
"""Of the gradients of all tasks: beyond, their memory (1 GiB) is not there for a look."""


class GradientLooks:
    """Looks at the tasks' gradients beside a training: four after each other, then a pause.

    Args:
        tasks: names, in the order of the first losses.
        shared: the parameters that several tasks use, or some of them.
        optimizer: that moves them.
        every: steps from one look to the next, on average; 0: never.
        group: processes to average the gradients over; None for this process alone.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        shared: Sequence[nn.Parameter],
        optimizer: torch.optim.Optimizer,
        every: int,
        group: dist.ProcessGroup | None = None,
    ) -> None:
        self.group = group
        self.tasks, self.shared, self.optimizer = tuple(tasks), tuple(shared), optimizer
        numbers = len(self.tasks) * sum(parameter.numel() for parameter in self.shared)
        able = len(self.tasks) > 1 and 0 < numbers <= _MOST_NUMBERS
        self.every = every if able else 0
        self._steps = self._chained = 0
        self._before: tuple[Tensor, Tensor] | None = None  # [tasks, numbers]: gradients, steps
        self._newest: dict[str, list[list[float]]] | None = None

    def see(self, losses: Tensor, present: Tensor) -> None:
        """Look, if it is time, before the balancer takes its backward pass.

        Args:
            losses: of the batch, with their graph; those of the tasks come first.
            present: bool of the same shape: the batch has labels.
        """
        self._newest = None
        if not self.every:
            return
        self._steps += 1
        period = self.every * _CHAIN
        if self._before is None and ((self._steps - 2) % period or not self._moments()):
            return
        count = len(self.tasks)
        own, labelled = losses[:count], present[:count]
        if not bool(labelled.any()) or not bool(own[labelled].isfinite().all()):
            self._before, self._chained = None, 0
            return
        taken = TaskGradients(own, self.shared, labelled, passes=PassOptions(group=self.group))
        gradients = taken.matrix.masked_fill(~labelled[:, None], torch.nan)
        last, self._before = self._before, None
        if last is not None:
            self._newest = self._compared(last, gradients, taken.gram, labelled)
            self._chained = (self._chained + 1) % _CHAIN
        if last is None or self._chained:
            self._before = gradients, self._steps_of(gradients)

    def _compared(
        self, last: tuple[Tensor, Tensor], gradients: Tensor, gram: Tensor, labelled: Tensor
    ) -> dict[str, list[list[float]]]:
        """Return the matrices of a look: the step before beside this one."""
        before, steps = last
        both = labelled[:, None] & labelled[None, :]
        return {
            "gram": _listed(gram.where(both, torch.nan)),
            "across": _listed(before @ gradients.T),
            "ahead": _listed(steps @ gradients.T),
        }

    def newest(self, epoch: int, batch: int, losses: Tensor) -> Look | None:
        """Return the look that ended with this step; None if none did.

        Args:
            epoch: counts from 1.
            batch: counts from 1.
            losses: of this step.
        """
        if self._newest is None:
            return None
        named = dict(zip(self.tasks, losses.tolist(), strict=False))
        return Look(epoch=epoch, batch=batch, losses=named, weights={}, **self._newest)

    def _moments(self) -> bool:
        """Return True once an optimizer that keeps squares of gradients has some."""
        if "betas" not in self.optimizer.defaults:
            return True
        return any("exp_avg_sq" in self.optimizer.state.get(p, {}) for p in self.shared)

    def _steps_of(self, gradients: Tensor) -> Tensor:
        """Return the way down that the optimizer would go by each task's gradient, for a rate of 1."""
        scales = []
        groups = {id(p): group for group in self.optimizer.param_groups for p in group["params"]}
        for parameter in self.shared:
            group, state = groups[id(parameter)], self.optimizer.state.get(parameter, {})
            if "exp_avg_sq" not in state:
                scales.append(torch.ones_like(parameter).flatten())
                continue
            corrected = 1 - group["betas"][1] ** float(state["step"])
            scale = (state["exp_avg_sq"] / corrected).sqrt() + group["eps"]
            scales.append(1 / scale.flatten())
        return gradients * torch.cat(scales).to(gradients)


def above_encoders(
    shared: Sequence[nn.Parameter], encoders: Mapping[str, Iterable[nn.Parameter]]
) -> list[nn.Parameter]:
    """Return the shared parameters between encoders and heads; all where there are none.

    There the tasks meet, and a look costs a pass through the fusion instead of one through the encoders: affinities
    found the planted groups as well.

    Args:
        shared: of several tasks.
        encoders: modality -> parameters of its encoder.
    """
    below = {id(parameter) for own in encoders.values() for parameter in own}
    return [parameter for parameter in shared if id(parameter) not in below] or [*shared]


def _listed(matrix: Tensor) -> list[list[float]]:
    values: list[list[float]] = matrix.detach().double().cpu().tolist()
    return values
