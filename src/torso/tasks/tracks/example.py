"""An example of tracks for the laws: boxes that drift over a few frames."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from torso.columns.inputs import VideoInput
from torso.evaluation.weighted import Array
from torso.tasks._base.example import PICTURE, HeadExample, ScoresExample, TargetExample
from torso.tasks.boxes.example import draw_boxes, judged_boxes

__all__ = ["HEAD", "SCORES", "TARGET"]


def _drawn() -> Tensor:
    """Return two tracks over four frames and room for a third; some begin late, and one has a gap."""
    tracks = draw_boxes().unsqueeze(2).repeat(1, 1, 4, 1)
    tracks[..., :4] += 0.02 * torch.arange(4.0, dtype=torch.float64).view(1, 1, 4, 1)
    for row, track, hidden in ((1, 0, [0]), (2, 1, [0, 1]), (3, 0, [2]), (4, 1, [3])):
        tracks[row, track, hidden, :4], tracks[row, track, hidden, 4] = torch.nan, -1.0
    return tracks


def _all_followed(answer: Tensor, targets: Tensor) -> bool:
    """Return whether every true track is among the sure ones, as many, and is there where it should be."""
    for proposals, tracks in zip(answer, targets, strict=True):
        sure, there = proposals[proposals[:, 0, 5] > 0.5], tracks[..., 4] >= 0
        true = there.any(dim=1)
        if len(sure) != true.sum():
            return False
        for track, present in zip(tracks[true], there[true], strict=True):
            right = ((sure[..., 7] > 0.5) == present).all(dim=1)
            close = (sure[:, present, :5] - track[present]).abs().amax(dim=(1, 2)) < 0.05
            if not (right & close).any():
                return False
    return True


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    """Return boxes of one class over three frames; answers lose a box or change places now and then."""
    seen, truth = judged_boxes(rng, rows, gaps)
    truth[..., 4] = np.where(truth[..., 4] > 0, 0, truth[..., 4])
    seen[..., 4] = 0
    drift = 0.05 * np.arange(3)[:, None] * np.ones(4)
    truth, seen = (np.repeat(boxes[:, :, None], 3, axis=2) for boxes in (truth, seen))
    truth[..., :4] += drift
    seen[..., :4] += drift
    swapped = rng.random(rows) < 0.3
    seen[swapped, :2, 2, :4] = seen[swapped, 1::-1, 2, :4]
    there = rng.uniform(0.45, 1.0, (*seen.shape[:3], 1))
    return np.concatenate([seen, seen[..., 5:], there], axis=3), truth


def _perfect(truth: Array) -> Array:
    named = truth.copy()
    named[..., 4] = truth[..., 4].max(axis=2, keepdims=True)
    there = np.where(truth[..., 4:] >= 0, 1.0, 0.0)
    return np.concatenate([named, np.ones_like(there), np.ones_like(there), there], axis=3)


TARGET = TargetExample(
    ['[[2, 0.1, 0.2, 0.5, 0.9, "cat", 7]]', None, "[]"],
    np.tile([0.1, 0.2, 0.5, 0.9, 0, 0.8, 0.9, 0.6], (2, 1, 8, 1)),
    inputs={"clip": VideoInput()},
)
HEAD = HeadExample(
    {"of": PICTURE, "classes": 3, "frames": 4, "keep": 5},
    _drawn,
    _all_followed,
    probability=False,
    shape=(5, 4, 8),
)
SCORES = ScoresExample(_judged, _perfect, uncompared=True)
