"""An example of yes and no for the laws."""

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
    same,
    with_gaps,
)

__all__ = ["HEAD", "SCORES", "TARGET"]


def _ranks(answer: Tensor) -> Tensor:
    """Return the order of the rows, and which are a yes: surer or less sure, but of the same."""
    return torch.stack([answer.argsort(dim=0), (answer > 0.5).long()])


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    hidden, seen = noisy(rng, rows)
    truth, prediction = (hidden > 0.3).astype(float), 1 / (1 + np.exp(-2 * seen + 0.6))
    return with_gaps(rng, prediction[:, 0], truth[:, 0], gaps)


TARGET = TargetExample(["no", None, "yes"], np.array([0.2, 0.9]))
HEAD = HeadExample(
    {"names": ["no", "yes"], "frequencies": [0.8, 0.2]},
    lambda: torch.randint(2, (ROWS,)).double(),
    same,
    decision=_ranks,
)
SCORES = ScoresExample(_judged)
