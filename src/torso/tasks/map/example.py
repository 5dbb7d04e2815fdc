"""An example of maps for the laws: two channels in units that differ."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from torso.evaluation.weighted import Array
from torso.tasks._base.example import (
    PICTURE,
    ROWS,
    HeadExample,
    ScoresExample,
    TargetExample,
    within,
)

__all__ = ["HEAD", "SCORES", "TARGET"]

_MEANS, _STDS = [50.0, -3.0], [20.0, 0.1]


def _drawn() -> Tensor:
    noise = torch.randn(ROWS, 3, 4, 2, dtype=torch.float64)
    return torch.tensor(_MEANS) + torch.tensor(_STDS) * noise


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    truth = 10 * rng.normal(size=(rows, 3, 2, 2)) + 3
    prediction = truth + 5 * rng.normal(size=truth.shape)
    return prediction, np.where(rng.random(truth.shape) < gaps, np.nan, truth)


TARGET = TargetExample(
    [[[0.5, 1.0]], None, [[2.0, float("nan")]]],
    np.array([[[[0.5], [1.0]]], [[[2.0], [3.0]]]]),
)
HEAD = HeadExample(
    {"of": PICTURE, "size": [3, 4], "mean": _MEANS, "std": _STDS},
    _drawn,
    within([10.0, 0.05]),
    probability=False,
)
SCORES = ScoresExample(_judged, huge=(1e300, 1e300))
