"""Things that belong together, found by each other: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.retrieval.head import Contrastive
    from torso.tasks.retrieval.scores import RetrievalScores
    from torso.tasks.retrieval.target import RetrievalTarget

__all__ = ["Contrastive", "RetrievalScores", "RetrievalTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "Contrastive", ".scores": "RetrievalScores", ".target": "RetrievalTarget"}
)
