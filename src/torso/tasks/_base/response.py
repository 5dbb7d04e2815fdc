"""Labels and predictions of the models that read a flat view of a row, beside the network (room `plain`).

A head says what such a model should learn (`Head.response`), says its own outputs in the same form (`Head.stated`),
and takes a statement back as raw outputs (`Head.raw`), so that both can be blended before the head answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Family", "Response"]

Family = Literal["classes", "binaries", "values"]


@dataclass(frozen=True, eq=False)
class Response:
    """Labels of one task in one of three forms; `form` of a statement about them in brackets.

    Attributes:
        family: `classes`: one of several classes (log-probabilities `[rows, classes]`); `binaries`: labels that hold or
            not (logits `[rows, labels]`); `values`: numbers (means `[rows, numbers]`).
        values: `classes`: int64 `[rows]`, -1 where missing; `binaries`: float32 `[rows, labels]` of 0 and 1, NaN where
            missing; `values`: float32 `[rows, numbers]`, of about mean 0 and spread 1, NaN where missing.
        classes: number of classes; 0 for the other families.
        weights: float64 `[rows]`, above 0, how much each row counts in what is learnt; None: all alike.
    """

    family: Family
    values: np.ndarray
    classes: int = 0
    weights: np.ndarray | None = None

    @property
    def width(self) -> int:
        """Columns of a statement."""
        return self.classes or int(self.values.shape[1])

    @property
    def labelled(self) -> np.ndarray:
        """Bool `[rows]`: rows with a label, or with any part of one."""
        if self.family == "classes":
            return np.asarray(self.values >= 0)
        return np.asarray((~np.isnan(self.values)).any(axis=1))

    def take(self, rows: np.ndarray) -> Response:
        """Return the labels of some rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Response(self.family, self.values[rows], self.classes, weights)
