"""Tags along a text or time series: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.tags.head import TagTokens
    from torso.tasks.tags.scores import TagsScores
    from torso.tasks.tags.target import TagsTarget

__all__ = ["TagTokens", "TagsScores", "TagsTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "TagTokens", ".scores": "TagsScores", ".target": "TagsTarget"}
)
