"""An example of tags for the laws: three tags over a few steps."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from torso.evaluation.weighted import Array
from torso.tasks._base.example import (
    PICTURE,
    ROWS,
    TOKENS,
    HeadExample,
    ScoresExample,
    TargetExample,
)

__all__ = ["HEAD", "SCORES", "TARGET"]

_STEPS = TOKENS + 2  # that a row has at most, two more than the input that is read


def _drawn() -> Tensor:
    """Return codes of spans that may touch; behind the last step there is nothing."""
    tags, first = torch.randint(4, (ROWS, _STEPS)), torch.randint(2, (ROWS, _STEPS)).bool()
    first[:, 1:] |= tags[:, 1:] != tags[:, :-1]
    first[:, 0] = True
    codes = torch.where(tags == 0, 0, 2 * tags - first.long())
    codes[:, TOKENS:] = -1
    return codes


def _codes(tags: Array) -> Array:
    changes = np.diff(tags, axis=1, prepend=-1) != 0
    return np.where(tags > 0, 2 * tags - changes, 0)


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    """Return steps that are as the step before more often than not; most of them are seen."""
    truth = np.zeros((rows, 7), int)
    for step in range(7):
        drawn = rng.integers(4, size=rows)
        stays = rng.random(rows) < 0.4 * (step > 0)
        truth[:, step] = np.where(stays, truth[:, step - 1], drawn)
    prediction = np.where(rng.random(truth.shape) < 0.85, truth, rng.integers(4, size=truth.shape))
    return _codes(prediction), np.where(rng.random((rows, 1)) < gaps, -1, _codes(truth))


TARGET = TargetExample(
    ['[[0, 3, "A"], [4, 6, "B"]]', None, "[]"],
    np.array([[1, 3], [0, 0]]),
    steps=[np.array([[0, 3], [4, 6]]), None, np.array([[0, 2]])],
)
HEAD = HeadExample(
    {"of": PICTURE, "steps": _STEPS, "tags": 3, "touching": True},
    _drawn,
    lambda answer, targets: torch.equal(answer[targets >= 0], targets[targets >= 0]),
    missing=-1,
    probability=False,
)
SCORES = ScoresExample(_judged)
