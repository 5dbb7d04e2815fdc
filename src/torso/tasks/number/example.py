"""An example of a number for the laws."""

from __future__ import annotations

import numpy as np
import torch

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


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    hidden, seen = noisy(rng, rows)
    return with_gaps(rng, 5 * (hidden + seen)[:, 0] + 3, 10 * hidden[:, 0] + 3, gaps)


TARGET = TargetExample([1.5, None, -2.0], np.array([1.0, 2.0]))
HEAD = HeadExample(
    {"mean": 50.0, "std": 20.0},
    lambda: 50 + 20 * torch.randn(ROWS, dtype=torch.float64),
    within(4.0),
    probability=False,
)
SCORES = ScoresExample(_judged, huge=(1e300, 1e300))
