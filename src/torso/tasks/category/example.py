"""An example of classes for the laws: four of them."""

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
)

__all__ = ["HEAD", "SCORES", "TARGET"]


def _likeliest(answer: Tensor) -> Tensor:
    return answer.argmax(dim=1)


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    hidden, seen = noisy(rng, rows)
    prediction = np.exp(seen) / np.exp(seen).sum(axis=1, keepdims=True)
    return with_gaps(rng, prediction, hidden.argmax(axis=1), gaps)


TARGET = TargetExample(["a", None, "b"], np.array([[0.7, 0.3], [0.1, 0.9]]))
HEAD = HeadExample(
    {"classes": 4, "names": [*"abcd"], "frequencies": [0.1, 0.4, 0.3, 0.2]},
    lambda: torch.randint(4, (ROWS,)),
    lambda answer, targets: torch.equal(_likeliest(answer), targets),
    missing=-1,
    decision=_likeliest,
)
SCORES = ScoresExample(_judged, lambda truth: np.eye(4)[truth])
