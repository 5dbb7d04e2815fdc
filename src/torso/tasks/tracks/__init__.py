"""Things in a video, and where they go: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.tracks.head import TrackSet
    from torso.tasks.tracks.scores import TracksScores
    from torso.tasks.tracks.target import TracksTarget

__all__ = ["TrackSet", "TracksScores", "TracksTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "TrackSet", ".scores": "TracksScores", ".target": "TracksTarget"}
)
