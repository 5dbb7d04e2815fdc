"""Any number of labels at once: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.multilabel.head import Logistics
    from torso.tasks.multilabel.scores import MultilabelScores
    from torso.tasks.multilabel.target import MultilabelTarget

__all__ = ["Logistics", "MultilabelScores", "MultilabelTarget"]

__getattr__ = lazy_names(
    __name__, {".head": "Logistics", ".scores": "MultilabelScores", ".target": "MultilabelTarget"}
)
