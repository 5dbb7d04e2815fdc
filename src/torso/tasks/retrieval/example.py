"""An example of retrieval for the laws: two modalities."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from torso.columns.inputs import ImageInput, TextInput
from torso.evaluation.weighted import Array
from torso.tasks._base.example import (
    NOTE,
    PICTURE,
    ROWS,
    HeadExample,
    ScoresExample,
    TargetExample,
)

__all__ = ["HEAD", "SCORES", "TARGET"]


def _own_is_nearest(answer: Tensor, targets: Tensor) -> bool:
    return torch.equal((answer[:, 0] @ answer[:, 1].T).argmax(dim=1), targets)


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    """Return vectors that are near to each other in a row; two rows are about the same thing."""
    truth = np.arange(rows)
    truth[-1] = truth[0]
    vectors = rng.normal(size=(rows, 4))
    prediction = np.stack([vectors, vectors + 0.6 * rng.normal(size=vectors.shape)], axis=1)
    prediction /= np.linalg.norm(prediction, axis=2, keepdims=True)
    return prediction, np.where(rng.random(rows) < gaps, -1, truth)


def _perfect(truth: Array) -> Array:
    own = np.eye(truth.max() + 1)[truth]
    return np.stack([own, own], axis=1)


TARGET = TargetExample(
    ["a", None, "b"],
    np.array([[[0.6, 0.8], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]),
    inputs={PICTURE: ImageInput(), NOTE: TextInput()},
)
HEAD = HeadExample(
    {"between": [PICTURE, NOTE]},
    lambda: torch.arange(ROWS),
    _own_is_nearest,
    missing=-1,
    probability=False,
    shape=(2, 64),
)
SCORES = ScoresExample(_judged, _perfect)
