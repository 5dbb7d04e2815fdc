"""An example of several labels for the laws: three yes or no for heads, four for scores."""

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
    """Return the order of the rows of each label, and which are a yes."""
    return torch.stack([answer.argsort(dim=0), (answer > 0.5).long()])


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    hidden, seen = noisy(rng, rows)
    return with_gaps(rng, 1 / (1 + np.exp(-2 * seen + 0.6)), (hidden > 0.3).astype(float), gaps)


TARGET = TargetExample(["a|b", None, "b"], np.array([[0.7, 0.6], [0.1, 0.2]]))
HEAD = HeadExample(
    {"labels": 3, "names": ["a", "b", "c"], "frequencies": [0.5, 0.2, 0.1]},
    lambda: torch.randint(2, (ROWS, 3)).double(),
    same,
    decision=_ranks,
)
SCORES = ScoresExample(_judged)
