"""An example of angles for the laws: in radians for heads, in degrees for scores."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from torso.evaluation.weighted import Array
from torso.tasks._base.example import ROWS, HeadExample, ScoresExample, TargetExample

__all__ = ["HEAD", "SCORES", "TARGET"]


def _near(answer: Tensor, targets: Tensor) -> bool:
    return bool(((answer - targets).cos() > math.cos(0.2)).all())


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    """Return directions mostly around north, and answers that are about 20 degrees off."""
    angles = rng.vonmises(0.0, 1.0, rows)
    answers = angles + rng.vonmises(0.0, 9.0, rows)
    turn = np.full(rows, 360.0)
    truth, prediction = (
        np.stack([np.mod(np.degrees(radians), 360.0), turn], axis=1)
        for radians in (angles, answers)
    )
    truth[rng.random(rows) < gaps] = np.nan
    return prediction, truth


TARGET = TargetExample([350, None, 10.5], np.array([0.5, 3.0]))
HEAD = HeadExample(
    {"direction": 1.0, "concentration": 2.0},
    lambda: 2 * math.pi * torch.rand(ROWS, dtype=torch.float64),
    _near,
    probability=False,
)
SCORES = ScoresExample(_judged)
