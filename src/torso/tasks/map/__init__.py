"""Numbers for every pixel of a picture: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.map.head import MapDecoder
    from torso.tasks.map.scores import MapScores
    from torso.tasks.map.target import MapTarget

__all__ = ["MapDecoder", "MapScores", "MapTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "MapDecoder", ".scores": "MapScores", ".target": "MapTarget"}
)
