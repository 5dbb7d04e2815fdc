"""The contract of heads for search: a vector for each modality."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor

from torso.core.types import Tokens
from torso.tasks._base.head import Head

__all__ = ["TowerHead"]


class TowerHead(Head):
    """Base of heads that give a vector of one width to each of several modalities.

    Attributes:
        between: the modalities.
        width: of the vectors.
    """

    between: Sequence[str]
    width: int

    @abstractmethod
    def vector(self, modality: str, tokens: Tokens) -> Tensor:
        """Return `[batch, width]` of one modality: vectors of length 1, zeros where a row lacks it."""
