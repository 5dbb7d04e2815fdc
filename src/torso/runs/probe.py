"""The pace of a run, measured on a few rows before it begins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import torch

from torso.runs.blending.judge import Judge
from torso.runs.networks.folds import Folds, train_folds
from torso.runs.preparing.prepared import Prepared, Rows
from torso.runs.settings.config import RunConfig
from torso.training import Epoch, Listener

__all__ = ["Pace", "measured_pace"]

_STEPS, _HELD_OUT = 4, 256
"""Batches to learn from and rows to judge by: enough for a pace, and over within seconds."""


@dataclass(frozen=True)
class Pace:
    """Seconds that the steps of a run take.

    Attributes:
        preparing: a network before its first step.
        epoch: an epoch on all rows, with its validation.
        evaluating: all that follows the networks, without plain models.
    """

    preparing: float
    epoch: float
    evaluating: float

    def network(self, epochs: int) -> float:
        """Return the seconds of a network of so many epochs."""
        return self.preparing + epochs * self.epoch


def measured_pace(prepared: Prepared) -> Pace:
    """Return the pace of a run, from two epochs on a few rows and from a verdict on them.

    Raises:
        TorsoError: so few rows cannot be learnt from.
    """
    config = prepared.config
    batch = config.training.batch_size or 64
    small = _few(prepared, _STEPS * batch)
    training = config.training.model_copy(update={"epochs": 2})
    quick = config.model_copy(update={"folds": 0, "training": training})
    watch = _Watch()
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.optim.AdamW([torch.zeros(1)])  # the first one imports for seconds
        torch.manual_seed(config.seed)
        trained = train_folds(small, quick, watch)
        alone = quick.model_copy(update={"blend": "off"})
        evaluating = _verdict(small, alone, trained)
    steps = math.ceil(len(small.parts["training"].rows) / batch)
    answering = watch.validation / len(small.parts["validation"].rows)  # a row
    rows = _count(prepared, "training", "validation")
    kept = rows / config.folds if config.folds else _count(prepared, "validation")
    judged = ("test",) if _count(prepared, "test") else ("training", "validation")
    further = max(1, (config.folds or 0) * (config.repeats or 1)) - 1
    return Pace(
        preparing=trained.preparing,
        epoch=math.ceil((rows - kept) / batch) * watch.training / steps + kept * answering,
        evaluating=evaluating * _ratio(prepared, small, judged)
        + further * answering * _count(prepared, "test"),
    )


def _verdict(prepared: Prepared, config: RunConfig, trained: Folds) -> float:
    """Return the seconds of a verdict."""
    began = perf_counter()
    Judge(prepared, config, trained).judge(Listener())
    return perf_counter() - began


def _few(prepared: Prepared, learnt: int) -> Prepared:
    """Return the preparation with few rows of each part; labelled ones, where rows are learnt from."""
    training, validation = prepared.parts["training"], prepared.parts["validation"]
    test = prepared.parts["test"]
    parts = {
        "training": replace(training, rows=training.with_any_label()[:learnt]),
        "validation": replace(validation, rows=_labelled_first(validation)[:_HELD_OUT]),
        "test": replace(test, rows=test.rows[:_HELD_OUT]),
    }
    return replace(prepared, parts=parts)


def _labelled_first(part: Rows) -> np.ndarray:
    known = part.with_any_label()
    return np.concatenate([known, np.setdiff1d(part.rows, known)])


def _count(prepared: Prepared, *names: str) -> int:
    return sum(len(prepared.parts[name].rows) for name in names)


def _ratio(whole: Prepared, few: Prepared, names: Sequence[str]) -> float:
    return max(1.0, _count(whole, *names) / _count(few, *names))


class _Watch(Listener):
    """Keeps the seconds of the newest epoch, its training and its validation apart."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self.training = self.validation = 0.0

    def started(self, epochs: int, batches: int) -> None:
        del epochs, batches
        self._began = perf_counter()

    def epoch_done(self, epoch: Epoch) -> None:
        now = perf_counter()
        self.training = epoch.seconds
        self.validation = max(now - self._began - epoch.seconds, 0.0)
        self._began = now
