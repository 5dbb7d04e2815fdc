"""An example of boxes for the laws: up to two or three of three classes in a row."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from torso.evaluation.weighted import Array
from torso.tasks._base.example import PICTURE, ROWS, HeadExample, ScoresExample, TargetExample

__all__ = ["HEAD", "SCORES", "TARGET", "draw_boxes", "judged_boxes"]


def draw_boxes() -> Tensor:
    """Return two boxes in every row and room for a third; in the first row there is none."""
    boxes = torch.full((ROWS, 3, 5), torch.nan, dtype=torch.float64)
    boxes[:, :2, :2] = 0.6 * torch.rand(ROWS, 2, 2, dtype=torch.float64)
    boxes[:, :2, 2:4] = boxes[:, :2, :2] + 0.2 + 0.2 * torch.rand(ROWS, 2, 2, dtype=torch.float64)
    boxes[:, :2, 4] = torch.randint(3, (ROWS, 2)).double()
    boxes[0, :2] = torch.nan
    boxes[:, :, 4] = boxes[:, :, 4].nan_to_num(-1)
    return boxes


def _all_seen(answer: Tensor, targets: Tensor) -> bool:
    """Return whether every true box is among those that are likelier than not, which are as many."""
    for proposals, boxes in zip(answer, targets, strict=True):
        sure, true = proposals[proposals[:, 5] > 0.5], boxes[boxes[:, 4] >= 0]
        if len(sure) != len(true):
            return False
        distances = torch.cdist(sure[:, :5], true, p=torch.inf)
        if len(true) and (distances.amin(dim=0) > 0.05).any():
            return False
    return True


def judged_boxes(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    """Return up to three boxes in a row, all of them seen, none quite where it is, and two more."""
    corners = rng.uniform(0, 0.5, (rows, 3, 2))
    corners = np.concatenate([corners, corners + rng.uniform(0.2, 0.5, (rows, 3, 2))], axis=2)
    there = rng.random((rows, 3)) < 0.45
    classes = rng.integers(3, size=(rows, 3))
    truth = np.concatenate([corners, classes[..., None]], axis=2).astype(float)
    truth[~there] = [np.nan] * 4 + [-1]
    moved = corners + 0.06 * rng.normal(size=corners.shape)
    score = np.where(there, rng.uniform(0.45, 1, there.shape), np.nan)
    seen = np.concatenate([moved, classes[..., None], score[..., None]], axis=2)
    noise = np.concatenate([moved[:, :2], classes[:, :2, None], 0.55 * rng.random((rows, 2, 1))], 2)
    truth[rng.random(rows) < gaps] = np.nan
    return np.concatenate([seen, noise], axis=1), truth


def _perfect(truth: Array) -> Array:
    score = np.where(truth[..., 4:] >= 0, 1.0, np.nan)
    return np.concatenate([truth, score], axis=2)


TARGET = TargetExample(
    ['[[0.1, 0.2, 0.5, 0.9, "cat"]]', None, "[]"],
    np.array([[[0.1, 0.2, 0.5, 0.9, 0, 0.8]], [[0.1, 0.2, 0.5, 0.9, 0, 0.1]]]),
)
HEAD = HeadExample(
    {"of": PICTURE, "classes": 3, "cells": 3},
    draw_boxes,
    _all_seen,
    probability=False,
    shape=(9, 6),
)
SCORES = ScoresExample(judged_boxes, _perfect)
