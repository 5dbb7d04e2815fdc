"""Soft sharing: one trunk per task, drawn towards the mean of all trunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._checks import check_number
from torso.sharing._sharing import Sharing

__all__ = ["Soft"]


class Soft(Sharing, name="soft"):
    """One trunk per task, with an L2 penalty on its distance to the mean of all trunks.

    From Duong, Cohn, Bird, Cook, ACL 2015, "Low Resource Dependency Parsing: Cross-lingual Parameter Sharing in a
    Neural Network Parser" (https://aclanthology.org/P15-2139/), who penalise the difference of two networks.
    Differs: any number of tasks, `strength * sum_k ||w_k - mean_j w_j||²`.

    All trunks start from the first one's weights (`alike`): networks that compute the same function have
    distant weights if they start from different ones.

    Args:
        strength: weight of the penalty; 0 is `separate`.
        alike: start all trunks from the same weights.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        strength: Annotated[float, Range(1e-5, 1.0, log=True)] = 1e-2,
        alike: bool = True,
    ) -> None:
        super().__init__(tasks, dim)
        self.strength = check_number("strength", strength)
        self.alike = alike

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk per task, named after it."""
        return {task: (task,) for task in self.tasks}

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each trunk's vector for its task."""
        return {task: masked_mean(fused[task]) for task in self.tasks}

    def start(self, trunks: Mapping[str, nn.Module], /) -> None:
        """Give all trunks the first one's weights."""
        first = trunks[self.tasks[0]].state_dict()
        for task in self.tasks[1:] if self.alike else ():
            trunks[task].load_state_dict(first)

    def penalties(self, trunks: Mapping[str, nn.Module], /) -> Mapping[str, Tensor]:
        """Return each task's squared distance from the mean trunk, times `strength`."""
        if not self.strength or len(self.tasks) == 1:
            return {}
        squares: Tensor | float = 0.0
        for copies in zip(*(trunks[task].parameters() for task in self.tasks), strict=True):
            weights = torch.stack(copies).flatten(1)  # [tasks, numbers]
            # A constant mean keeps each task's penalty from moving other trunks. The gradient is the same as
            # through the mean, since differences to a mean sum to zero.
            mean = weights.detach().mean(dim=0)
            squares = squares + (weights - mean).square().sum(dim=1)
        assert isinstance(squares, Tensor)
        return dict(zip(self.tasks, self.strength * squares, strict=True))
