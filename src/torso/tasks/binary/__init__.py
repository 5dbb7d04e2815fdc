"""One of two classes: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.binary.head import Logistic
    from torso.tasks.binary.scores import BinaryScores
    from torso.tasks.binary.target import BinaryTarget

__all__ = ["BinaryScores", "BinaryTarget", "Logistic"]

__getattr__ = lazy_names(
    __name__, {".head": "Logistic", ".scores": "BinaryScores", ".target": "BinaryTarget"}
)
