"""Counts: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.count.head import NegativeBinomial, Poisson
    from torso.tasks.count.scores import CountScores
    from torso.tasks.count.target import CountTarget

__all__ = ["CountScores", "CountTarget", "NegativeBinomial", "Poisson"]

__getattr__ = lazy_names(
    __name__,
    {".head": "NegativeBinomial Poisson", ".scores": "CountScores", ".target": "CountTarget"},
)
