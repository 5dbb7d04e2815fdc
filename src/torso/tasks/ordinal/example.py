"""An example of classes in an order for the laws: four of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from torso.evaluation.weighted import Array
from torso.tasks._base.example import ROWS, HeadExample, ScoresExample, TargetExample, noisy

__all__ = ["HEAD", "SCORES", "TARGET"]


def _median(answer: Tensor) -> Tensor:
    return (answer.cumsum(dim=1) >= 0.5).int().argmax(dim=1)


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    hidden, seen = noisy(rng, rows)
    classes = np.digitize(hidden[:, 0], [-1.0, 0.0, 1.0])
    near = np.exp(-((np.arange(4) - 1.5 - 1.3 * hidden[:, :1] - 0.5 * seen[:, 1:2]) ** 2))
    truth = np.where(rng.random(rows) < gaps, -1, classes)
    return near / near.sum(axis=1, keepdims=True), truth


TARGET = TargetExample([1, None, 2], np.array([[0.7, 0.3], [0.1, 0.9]]))
HEAD = HeadExample(
    {"classes": 4, "frequencies": [0.1, 0.4, 0.3, 0.2]},
    lambda: torch.randint(4, (ROWS,)),
    lambda answer, targets: torch.equal(_median(answer), targets),
    missing=-1,
    decision=_median,
)
SCORES = ScoresExample(_judged, lambda truth: np.eye(4)[truth])
