"""Free text: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.caption.head import CaptionDecoder
    from torso.tasks.caption.scores import CaptionScores
    from torso.tasks.caption.target import CaptionTarget

__all__ = ["CaptionDecoder", "CaptionScores", "CaptionTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "CaptionDecoder", ".scores": "CaptionScores", ".target": "CaptionTarget"}
)
