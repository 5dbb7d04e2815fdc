"""An example of masks for the laws: three classes."""

from __future__ import annotations

import numpy as np
import torch

from torso.evaluation.weighted import Array
from torso.tasks._base.example import (
    PICTURE,
    ROWS,
    HeadExample,
    ScoresExample,
    TargetExample,
    same,
)

__all__ = ["HEAD", "SCORES", "TARGET"]


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    hidden = rng.normal([-0.5, 0.5], size=(rows, 3, 2))
    truth, prediction = (
        np.digitize(seen, [-0.7, 0.7]) for seen in (hidden, hidden + 0.6 * rng.normal(size=(3, 2)))
    )
    return prediction, np.where(rng.random(truth.shape) < gaps, -1, truth)


TARGET = TargetExample(
    [[[0, 1], [1, 1]], None, [[0, 0], [2, 2]]],
    np.array([[[0, 1], [1, 2]], [[0, 0], [0, 0]]]),
)
HEAD = HeadExample(
    {"of": PICTURE, "size": [6, 5], "classes": 3},
    lambda: torch.randint(3, (ROWS, 6, 5)),
    same,
    missing=-1,
    probability=False,
)
SCORES = ScoresExample(_judged)
