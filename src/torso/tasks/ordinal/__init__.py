"""One of several classes that have an order: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.ordinal.head import CumulativeLogits
    from torso.tasks.ordinal.scores import OrdinalScores
    from torso.tasks.ordinal.target import OrdinalTarget

__all__ = ["CumulativeLogits", "OrdinalScores", "OrdinalTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "CumulativeLogits", ".scores": "OrdinalScores", ".target": "OrdinalTarget"}
)
