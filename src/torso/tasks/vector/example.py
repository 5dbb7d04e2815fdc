"""An example of several numbers for the laws: three in units that differ for heads, four for scores."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from torso.evaluation.weighted import Array
from torso.tasks._base.example import (
    ROWS,
    HeadExample,
    ScoresExample,
    TargetExample,
    noisy,
    with_gaps,
    within,
)

__all__ = ["HEAD", "SCORES", "TARGET"]

_MEANS, _STDS = [50.0, -3.0, 0.0], [20.0, 0.1, 1.0]


def _drawn() -> Tensor:
    return torch.tensor(_MEANS) + torch.tensor(_STDS) * torch.randn(ROWS, 3, dtype=torch.float64)


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    hidden, seen = noisy(rng, rows)
    return with_gaps(rng, 5 * (hidden + seen) + 3, 10 * hidden + 3, gaps)


TARGET = TargetExample([[1.0, 2.0], None, [3.0, 5.0]], np.array([[1.0, 2.0], [3.0, 4.0]]))
HEAD = HeadExample(
    {"mean": _MEANS, "std": _STDS}, _drawn, within([4.0, 0.02, 0.2]), probability=False
)
SCORES = ScoresExample(_judged, huge=(1e300, 1e300))
