"""Predictions of a head as arrays: the form in which answers travel on, from a network or from an exported model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Prediction"]


class Prediction(NamedTuple):
    """A head's predictions for some rows.

    Attributes:
        value: probabilities or values, `[rows, ...]`.
        details: further columns by name, `[rows, ...]`: intervals, spreads, log-likelihoods.
    """

    value: np.ndarray
    details: dict[str, np.ndarray]
