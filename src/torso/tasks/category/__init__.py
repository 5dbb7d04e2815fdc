"""One of several classes: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.category.head import Softmax
    from torso.tasks.category.scores import CategoryScores
    from torso.tasks.category.target import CategoryTarget

__all__ = ["CategoryScores", "CategoryTarget", "Softmax"]

__getattr__ = lazy_names(
    __name__, {".head": "Softmax", ".scores": "CategoryScores", ".target": "CategoryTarget"}
)
