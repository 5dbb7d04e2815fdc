"""Directions for the laws."""

import math

import numpy as np
import torch

from torso.tasks._base.example import ROWS, HeadExample, ScoresExample, TargetExample, within


def drawn():
    angles = 2 * math.pi * torch.rand(ROWS, dtype=torch.float64)
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def judged(rng, rows, gaps):
    angles = rng.vonmises(0.0, 1.0, rows)
    truth, prediction = (
        np.stack([np.cos(radians), np.sin(radians)], axis=1)
        for radians in (angles, angles + rng.vonmises(0.0, 9.0, rows))
    )
    truth[rng.random(rows) < gaps] = np.nan
    return prediction, truth


TARGET = TargetExample([10, None, 350.0], np.array([[1.0, 0.0], [0.0, 1.0]]))
HEAD = HeadExample({}, drawn, within(0.05), probability=False)
SCORES = ScoresExample(judged)
