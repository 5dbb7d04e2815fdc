"""Things in a picture: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.boxes.head import BoxSet
    from torso.tasks.boxes.scores import BoxesScores
    from torso.tasks.boxes.target import BoxesTarget

__all__ = ["BoxSet", "BoxesScores", "BoxesTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "BoxSet", ".scores": "BoxesScores", ".target": "BoxesTarget"}
)
