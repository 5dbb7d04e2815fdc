"""Labels and predictions of the models that read a flat view of a row, beside the network (room `plain`).

A head says what such a model should learn (`Head.response`), says its own outputs in the same form (`Head.stated`),
and takes a statement back as raw outputs (`Head.raw`), so that both can be blended before the head answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

__all__ = ["Family", "Response"]

Family = Literal["classes", "binaries", "values"]
_LEAST = 1e-6  # a class of weight 0 counts as so rare


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
        class_weights: float64, how much labels of each class count besides: `classes`: `[classes]`; `binaries`: of no and
            of yes, `[labels, 2]`; None: all alike. Models do not learn by them: `tilt` moves their statements.
    """

    family: Family
    values: np.ndarray
    classes: int = 0
    weights: np.ndarray | None = None
    class_weights: np.ndarray | None = None

    @property
    def tilt(self) -> np.ndarray | None:
        """Summands of a statement by class weights, `[width]`; None without any.

        If classes are as frequent as weighted, the odds of a class are those of the rows as they are, times its weight:
        from Elkan 2001, "The Foundations of Cost-Sensitive Learning", theorem 2.
        """
        if self.class_weights is None:
            return None
        logs = np.log(np.maximum(self.class_weights, _LEAST))
        return np.asarray(logs if self.family == "classes" else logs[:, 1] - logs[:, 0])

    @property
    def counts(self) -> np.ndarray | None:
        """Weights of the labels where held-out ones choose, `[rows]` of classes, else `[rows, width]`; None: alike."""
        weights = self.weights
        if weights is not None and self.family != "classes":
            weights = np.broadcast_to(weights[:, None], self.values.shape)
        if self.class_weights is None:
            return weights
        if self.family == "classes":
            own = self.class_weights[np.maximum(self.values, 0)]
        else:
            own = np.where(self.values > 0.5, self.class_weights[:, 1], self.class_weights[:, 0])
        return np.asarray(own if weights is None else own * weights)

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
        return replace(self, values=self.values[rows], weights=weights)
