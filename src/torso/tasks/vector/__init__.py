"""Several numbers at once: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.vector.head import GaussianVector
    from torso.tasks.vector.scores import VectorScores
    from torso.tasks.vector.target import VectorTarget

__all__ = ["GaussianVector", "VectorScores", "VectorTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "GaussianVector", ".scores": "VectorScores", ".target": "VectorTarget"}
)
