"""A table laid out for the model: features per modality and targets per task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from torso.columns.sources import CellFacts, Source, TurningSource

__all__ = ["Dataset"]


@dataclass(frozen=True)
class Dataset:
    """A table laid out for the model.

    Attributes:
        rows: number of rows.
        sources: modality -> features.
        targets: task -> targets `[rows, ...]`.
        sizes: modality -> facts about its whole files, which the model reads beside the features.
        weights: float32 `[rows]`, how much each row counts in what is learnt; None: all alike.
    """

    rows: int
    sources: Mapping[str, Source]
    targets: Mapping[str, np.ndarray]
    sizes: Mapping[str, CellFacts] = field(default_factory=dict)
    weights: np.ndarray | None = None

    def turn(self, number: int) -> None:
        """Let sources that hold several views of a row show those of pass `number`."""
        for source in self.sources.values():
            if isinstance(source, TurningSource):
                source.turn = number
