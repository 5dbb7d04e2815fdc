"""A small instance of a kind of task, on which the room's laws are tested.

A kind's `example.py` holds `TARGET`, `HEAD` and `SCORES`, so that a kind brings its own case and no law names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from torso.columns.inputs import Input
from torso.evaluation.weighted import Array, Floats
from torso.tables.table import Column, read_table
from torso.tasks._base.labels import Labels
from torso.tasks._base.target import Target

__all__ = [
    "NOTE",
    "PICTURE",
    "ROWS",
    "TOKENS",
    "HeadExample",
    "ScoresExample",
    "TargetExample",
    "example_of",
    "noisy",
    "same",
    "with_gaps",
    "within",
]

ROWS = 8
"""Rows of a head's example."""
PICTURE, NOTE = "photo", "note"
"""Modalities whose tokens a head's example may read: `TOKENS` of the first and two of the second."""
TOKENS = 16


@dataclass(frozen=True)
class TargetExample:
    """Cells of a column of labels, and answers.

    Attributes:
        cells: a label, none, and another label.
        prediction: a head's answers to two rows.
        settings: of the target.
        inputs: modality -> the input that the target is bound to; without any it stays unbound.
        others: further columns of the labels.
        steps: of the input along which the labels lie.
    """

    cells: Sequence[object]
    prediction: Array
    settings: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)
    others: Mapping[str, Sequence[object]] = field(default_factory=dict)
    steps: Sequence[Array | None] = ()

    def build(self, kind: str) -> Target:
        """Return the target, not yet fitted."""
        target = Target.registry.build({"type": kind, **self.settings})
        if self.inputs:
            target.bind("x", self.inputs)
        return target

    def labels(self, *, blank: bool = False) -> Labels:
        """Return the column, or one without any label."""
        cells = [None] * len(self.cells) if blank else self.cells
        column = _column("x", cells)
        others = tuple(_column(name, cells) for name, cells in self.others.items())
        return Labels("x", column.values, column.table, others=others, steps=self.steps)


@dataclass(frozen=True)
class HeadExample:
    """Targets for a head, and the form of its answers.

    Attributes:
        offered: to the constructor by the data.
        draw: makes complete targets for `ROWS` rows.
        right: says whether answers after a descent are about what the targets say.
        missing: stands for no label.
        probability: whether answers are probabilities; else they have a unit, and a shape.
        shape: of a row's answer where it is not that of its targets.
        decision: what of an answer no refit on held-out rows may change.
    """

    offered: Mapping[str, object]
    draw: Callable[[], Tensor]
    right: Callable[[Tensor, Tensor], bool]
    missing: float = float("nan")
    probability: bool = True
    shape: tuple[int, ...] | None = None
    decision: Callable[[Tensor], Tensor] = lambda answer: answer


@dataclass(frozen=True)
class ScoresExample:
    """Predictions with some signal, and truths with gaps.

    Attributes:
        draw: makes both from a generator, a number of rows and the share of gaps.
        perfect: the predictions that say what the truths say.
        huge: factors of predictions and truths near the end of float64; None where there is no such number.
        uncompared: whether a metric is not defined for the baseline.
        ordered: whether every metric is about the order of rows, so that one row has none.
    """

    draw: Callable[[np.random.Generator, int, float], tuple[Array, Array]]
    perfect: Callable[[Array], Array] = lambda truth: truth
    huge: tuple[float | Array, float | Array] | None = None
    uncompared: bool = False
    ordered: bool = False


def example_of(kind: str) -> ModuleType:
    """Return the module `example` of a kind's folder, which holds `TARGET`, `HEAD` and `SCORES`."""
    return import_module(f"{Target.registry.find(kind).__module__.rpartition('.')[0]}.example")


def within(distance: float | Sequence[float]) -> Callable[[Tensor, Tensor], bool]:
    """Return a test that answers are nearer than `distance` to the targets."""
    return lambda answer, targets: bool(
        ((answer - targets).abs() < torch.as_tensor(distance)).all()
    )


def same(answer: Tensor, targets: Tensor) -> bool:
    """Return whether answers, rounded, are the targets."""
    return torch.equal(answer.round().to(targets.dtype), targets)


def noisy(rng: np.random.Generator, rows: int, width: int = 4) -> tuple[Floats, Floats]:
    """Return numbers `[rows, width]`, and the same with noise."""
    hidden = rng.normal(size=(rows, width))
    return hidden, hidden + rng.normal(size=(rows, width))


def with_gaps(
    rng: np.random.Generator, prediction: Array, truth: Array, gaps: float
) -> tuple[Array, Array]:
    """Return predictions of float32's precision, and truths of which a share of `gaps` is missing."""
    hidden = rng.random(truth.shape) < gaps
    truth = np.where(hidden, -1 if truth.dtype.kind == "i" else np.nan, truth)
    return prediction.astype(np.float32).astype(np.float64), truth


def _column(name: str, cells: Sequence[object]) -> Column:
    return read_table({name: list(cells)}).column(name)
