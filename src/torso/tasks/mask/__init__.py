"""A class for every pixel of a picture: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.mask.head import MaskDecoder
    from torso.tasks.mask.scores import MaskScores
    from torso.tasks.mask.target import MaskTarget

__all__ = ["MaskDecoder", "MaskScores", "MaskTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "MaskDecoder", ".scores": "MaskScores", ".target": "MaskTarget"}
)
