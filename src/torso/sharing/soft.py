"""Soft sharing: a trunk per task, drawn towards the mean of all trunks."""

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
    """A trunk per task, tied to the others by an L2 penalty on the distance to their mean.

    After Duong, Cohn, Bird, Cook, ACL 2015, "Low Resource Dependency Parsing: Cross-lingual Parameter Sharing in
    a Neural Network Parser" (https://aclanthology.org/P15-2139/), who tie two networks by an L2 penalty on their
    difference. For any number of tasks: `strength * sum_k ||w_k - mean_j w_j||²`.

    The mean is a constant in each task's term `strength * ||w_k - mean||²`. The gradient is the same as through
    the mean, for the differences to a mean sum to zero, and each task's loss moves its own trunk only: no
    parameter is shared. All trunks start from the first one's weights (`alike`), since two networks that mean
    the same are far apart if they began apart.

    Args:
        tasks: names of all tasks.
        dim: width of the fused tokens.
        strength: weight of the penalty; 0 is `separate`.
        alike: whether all trunks start from the same weights.
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
        """Return for each task how far its trunk is from the mean of all, squared, times `strength`."""
        if not self.strength or len(self.tasks) == 1:
            return {}
        owed: Tensor | float = 0.0
        for same in zip(*(trunks[task].parameters() for task in self.tasks), strict=True):
            own = torch.stack(same).flatten(1)  # [tasks, numbers]
            owed = owed + (own - own.detach().mean(dim=0)).square().sum(dim=1)
        assert isinstance(owed, Tensor)
        return dict(zip(self.tasks, self.strength * owed, strict=True))
