"""An example of counts for the laws."""

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
    rates = np.exp(1 + hidden)
    truth, prediction = rng.poisson(rates).astype(float), rates * np.exp(0.2 * seen)
    return with_gaps(rng, prediction[:, 0], truth[:, 0], gaps)


TARGET = TargetExample([3, None, 0], np.array([0.5, 3.5]))
HEAD = HeadExample(
    {"mean": 5.0}, lambda: torch.randint(12, (ROWS,)).double(), within(0.5), probability=False
)
SCORES = ScoresExample(_judged, huge=(1e300, 1e300))
