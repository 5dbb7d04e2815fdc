"""An example of times until an event for the laws."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from torso.evaluation.weighted import Array
from torso.tasks._base.example import ROWS, HeadExample, ScoresExample, TargetExample, noisy

__all__ = ["HEAD", "SCORES", "TARGET"]


def _drawn() -> Tensor:
    time = torch.exp(1.0 + 0.8 * torch.randn(ROWS, dtype=torch.float64))
    return torch.stack([time, (torch.arange(ROWS) % 3 > 0).double()], dim=1)


def _lived_as_long(answer: Tensor, targets: Tensor) -> bool:
    """Return whether medians are about the times of events, and above all others."""
    time, event = targets.unbind(dim=1)
    log_ratio = (answer / time).log()
    return bool((log_ratio[event == 1].abs() < 1.0).all() and (log_ratio[event == 0] > 0).all())


def _judged(rng: np.random.Generator, rows: int, gaps: float) -> tuple[Array, Array]:
    hidden, _ = noisy(rng, rows)
    noise = np.exp(0.3 * rng.normal(size=rows))
    time, until = np.exp(hidden[:, 0]) * noise, np.exp(hidden[:, 1])
    truth = np.stack([np.minimum(time, until), time <= until], axis=1).astype(float)
    truth[rng.random(rows) < gaps] = np.nan
    return np.exp(hidden[:, 0]), truth


TARGET = TargetExample(
    [2.5, None, 4.0],
    np.array([1.5, 3.5]),
    {"event": "seen"},
    others={"seen": [True, None, False]},
)
HEAD = HeadExample(
    {
        "log_mean": 1.0,
        "log_std": 0.8,
        "horizons": [1.0, 5.0],
        "ends": [1.5, 2.5, 4.0],
        "hazards": [0.2, 0.3, 0.3, 0.4],
    },
    _drawn,
    _lived_as_long,
    probability=False,
    shape=(),
)
SCORES = ScoresExample(
    _judged, lambda truth: truth[:, 0], huge=(1e300, np.array([1e300, 1.0])), ordered=True
)
