"""An example of texts for the laws: a few tokens for heads, a few words for scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from torso.evaluation.weighted import Array
from torso.tasks._base.example import (
    NOTE,
    PICTURE,
    ROWS,
    HeadExample,
    ScoresExample,
    TargetExample,
    same,
)

__all__ = ["HEAD", "SCORES", "TARGET"]


def _drawn() -> Tensor:
    """Return up to three of six tokens in every row, and the end, which is the seventh."""
    tokens = torch.randint(6, (ROWS, 5))
    over = torch.arange(5) - torch.randint(1, 4, (ROWS, 1))
    return torch.where(over < 0, tokens, torch.where(over == 0, 6, -1))


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    """Return texts of three of eight words, of which some are replaced; some texts are wholly right."""
    words = np.array(["red", "green", "blue", "house", "river", "horse", "runs", "sleeps"])
    truth = rng.integers(8, size=(rows, 3))
    said = np.where(rng.random(truth.shape) < 0.3, rng.integers(8, size=truth.shape), truth)
    prediction, points = (
        _code_points([" ".join(words[row]) for row in texts]) for texts in (said, truth)
    )
    points[rng.random(rows) < gaps] = -1
    return prediction, points


def _code_points(texts: Sequence[str]) -> Array:
    out = np.full((len(texts), max(map(len, texts))), -1)
    for row, text in enumerate(texts):
        out[row, : len(text)] = [ord(letter) for letter in text]
    return out


TARGET = TargetExample(["a red thing", " ", "a blue thing"], np.array([[97, 98, -1], [99, -1, -1]]))
HEAD = HeadExample(
    {"modalities": [PICTURE, NOTE], "symbols": 7, "length": 5, "usual": 3.0},
    _drawn,
    same,
    missing=-1,
    probability=False,
)
SCORES = ScoresExample(_judged)
