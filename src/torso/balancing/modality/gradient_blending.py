"""Gradient blending: weighs losses by their generalisation over their squared overfitting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing._arguments import Losses, stacked
from torso.balancing.loss._adaptive import AdaptiveBalancer
from torso.core.errors import unknown
from torso.core.ranges import Range, SetBy

__all__ = ["GradientBlending"]


class GradientBlending(AdaptiveBalancer, name="gradient_blending"):
    """Weighs unimodal and multimodal losses by generalisation over squared overfitting.

    The weights are `G / O²`, with the generalisation G and the overfitting O.

    From Wang, Tran, Feiszli, CVPR 2020, "What Makes Training Multi-modal Classification Networks Hard?"
    (https://arxiv.org/abs/1905.12681). Between two points in time, the generalisation G is the fall of the held-out
    loss, and the overfitting O is the growth of the gap between held-out and training loss.

    Differs: the losses are those of the trained model's heads (the paper's online form trains separate copies); a
    training loss is the mean over an epoch, while the parameters move; the first point is the end of the first
    epoch. Weights are one until the second point; those of a task's losses sum to their number. A held-out loss that
    has not fallen has weight 0; if none of the task's has fallen, the weights stay. The growth of a gap counts as at
    least `least` times the largest one of its task. A loss without a partner has weight one.

    Args:
        tasks: names of the losses.
        unimodal: `{loss of one modality: the multimodal loss that it assists}`; default: none, which is `equal`.
        every: epochs from one point in time to the next.
        least: floor of a gap's growth, relative to the largest of its task.
    """

    needs = "losses of single modalities, and held-out ones; 1 plain step"
    weights: Tensor
    total: Tensor
    count: Tensor
    epochs: Tensor
    training_loss: Tensor
    held_out_loss: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        unimodal: Annotated[Mapping[str, str] | None, SetBy.DATA] = None,
        every: Annotated[int, Range(1, 20, log=True)] = 5,
        least: Annotated[float, Range(0.01, 1.0, log=True)] = 0.1,
    ) -> None:
        super().__init__(tasks)
        if every < 1:
            raise ValueError(f"Parameter `every` should be at least 1. Found {every}.")
        if not 0.0 < least <= 1.0:
            raise ValueError(f"Parameter `least` should be in (0, 1]. Found {least}.")
        self.every, self.least = every, least
        self.unimodal = dict(unimodal or {})
        for task in [*self.unimodal, *self.unimodal.values()]:
            if task not in self.tasks:
                raise ValueError(unknown("task in `unimodal`:", task, self.tasks))
        zeros = torch.zeros(len(self.tasks))
        self.register_buffer("weights", torch.ones(len(self.tasks)))
        self.register_buffer("total", zeros.clone())
        self.register_buffer("count", zeros.clone())
        self.register_buffer("epochs", torch.zeros((), dtype=torch.int64))
        self.register_buffer("training_loss", zeros + torch.nan)
        self.register_buffer("held_out_loss", zeros + torch.nan)

    def combine(self, losses: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weighted sum."""
        return (self.weights[tasks].to(losses) * losses).sum()

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Add to the epoch's means."""
        self.total[tasks] += losses.to(self.total)
        self.count[tasks] += 1

    @torch.no_grad()
    def held_out(self, measure: Callable[[], Losses], /) -> None:
        """Compare the losses with those of the last point in time, and set new weights."""
        training = self.total / self.count
        self.total.zero_()
        self.count.zero_()
        point = int(self.epochs) % self.every == 0
        self.epochs += 1
        if not self.unimodal or not point:
            return
        held_out = stacked(self.tasks, measure())[0].to(self.held_out_loss)
        gained = self.held_out_loss - held_out
        grown = (held_out - training) - (self.held_out_loss - self.training_loss)
        for joint in dict.fromkeys(self.unimodal.values()):
            group = [index for index, task in enumerate(self.tasks) if self._joint(task) == joint]
            self.weights[group] = self._blend(gained[group], grown[group], self.weights[group])
        self.training_loss.copy_(training)
        self.held_out_loss.copy_(held_out)

    def _joint(self, task: str) -> str:
        return self.unimodal.get(task, task)

    def _blend(self, gained: Tensor, grown: Tensor, weights: Tensor) -> Tensor:
        """Return the weights of a task's losses.

        A loss without known values keeps its weight; the others share the rest.
        """
        known = gained.isfinite() & grown.isfinite()
        gained = torch.where(known, gained, 0.0).clamp(min=0.0)
        if not bool((gained > 0).any()):
            return weights
        sizes = torch.where(known, grown, 0.0).abs()
        largest = sizes.max()
        sizes = sizes.clamp(min=self.least * float(largest)) if largest > 0 else sizes + 1.0
        blended = gained / sizes.square()
        left = weights[known].sum()
        return torch.where(known, blended / blended.sum() * left, weights)
