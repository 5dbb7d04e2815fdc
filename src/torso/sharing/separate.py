"""Nothing is shared: single-task models side by side, trained in one run."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._sharing import Sharing

__all__ = ["Separate"]


class Separate(Sharing, name="separate"):
    """One trunk per task; no parameter serves two tasks."""

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk per task, named after it."""
        return {task: (task,) for task in self.tasks}

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each trunk's vector for its task."""
        return {task: masked_mean(fused[task]) for task in self.tasks}
