"""The interval of a baseline without inputs: quantiles of the training labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from torso.evaluation.weighted import Array

__all__ = ["QUANTILES", "blind_interval"]

QUANTILES = np.linspace(0.0, 1.0, 21)
"""Where the distribution of the training labels is remembered."""


def blind_interval(quantiles: Sequence[float], rows: int, level: float) -> dict[str, Array]:
    """Return `low` and `high` `[rows]`, between which `level` of the training labels lie.

    Args:
        quantiles: of the training labels at `QUANTILES`.
        rows: how many to answer.
        level: share of the labels.
    """
    ends = np.interp([(1 - level) / 2, (1 + level) / 2], QUANTILES, quantiles)
    return {"low": np.full(rows, ends[0]), "high": np.full(rows, ends[1])}
