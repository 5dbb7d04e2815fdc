"""An exported graph beside the run itself: the same rows, with every subset of modalities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from torso.core.errors import ConfigError
from torso.exporting.example import Rows, subsets
from torso.exporting.ports import InputPort
from torso.exporting.subject import Subject

__all__ = ["TOLERANCE", "Checked", "Run", "compare", "difference", "judged"]

TOLERANCE = 1e-4
"""Difference to the run that an answer may have, as a share of the largest answer or of 1."""

HAIR = 1e-4
"""Share of its largest number by which a column that is made of tokens may differ in a graph."""
_TRIES = 32  # moves by a hair: half of them take a value over a limit that is near enough

Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Checked:
    """Comparison of a graph with the run that it was made from.

    Attributes:
        subsets: sets of modalities that were tried.
        all_subsets: these are all that there are.
        rows: that were compared.
        differences: output -> largest difference, as a share of the largest answer or of 1.
        at_limits: rows that fall on another side of a plain model's limit, since tokens differ in their last digits. They
            count as equal if the run answers so, too, with tokens that differ by a hair.
    """

    subsets: int
    all_subsets: bool
    rows: int
    differences: Mapping[str, float]
    at_limits: int = 0

    @property
    def largest(self) -> float:
        """The largest difference."""
        return max(self.differences.values())

    @property
    def agrees(self) -> bool:
        """No answer differs by more than is allowed."""
        return self.largest <= TOLERANCE  # False for NaN

    def to_dict(self) -> dict[str, object]:
        """Return JSON values."""
        return {
            "subsets": self.subsets,
            "all_subsets": self.all_subsets,
            "rows": self.rows,
            "largest": self.largest,
            "tolerance": TOLERANCE,
            "at_limits": self.at_limits,
            "differences": dict(self.differences),
        }


def compare(run: Run, subject: Subject, inputs: Mapping[str, InputPort]) -> Checked:
    """Return the comparison of a graph with its run on drawn rows.

    Args:
        run: the graph.
        subject: the run.
        inputs: name -> port, with the least lengths that are tried.
    """
    differences: dict[str, float] = {}
    rows, at_limits, laid = 0, 0, subject.sampler.laid
    for batch in subject.sampler.checks({name: inputs[name].least for name in laid}):
        given = run({name: value.numpy() for name, value in batch.tensors(inputs).items()})
        expected = {name: value.numpy() for name, value in subject.eager(batch).items()}
        rows += len(batch)
        own = _differences(given, expected)
        if TOLERANCE < max(own.values()) < np.inf and subject.reads_tokens:
            nearest = _differences(given, _nearest(subject, batch, given, expected))
            if max(nearest.values()) <= TOLERANCE:
                at_limits += _unlike(given, expected)
                own = nearest
        differences = {name: max(differences.get(name, 0.0), each) for name, each in own.items()}
    tried, whole = subsets([*laid])
    return Checked(len(tried), whole, rows, differences, at_limits)


def _differences(
    given: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]
) -> dict[str, float]:
    return {name: difference(given[name], value) for name, value in expected.items()}


def _nearest(
    subject: Subject,
    batch: Rows,
    given: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return the answers of the run nearest to given ones, its tokens moved by a hair.

    Args:
        subject: the run.
        batch: rows.
        given: answers of a graph.
        expected: those of the run.
    """
    low, high = dict(expected), dict(expected)
    for said in subject.moved(batch, [HAIR] * _TRIES):
        for name, value in said.items():
            low[name] = np.minimum(low[name], value.numpy())
            high[name] = np.maximum(high[name], value.numpy())
    return {name: np.clip(given[name], low[name], high[name]) for name in expected}


def _unlike(given: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> int:
    """Return the number of rows with an answer that differs by more than is allowed."""
    rows = range(len(next(iter(expected.values()))))
    return sum(
        any(
            difference(given[name][[row]], own[[row]]) > TOLERANCE for name, own in expected.items()
        )
        for row in rows
    )


def difference(given: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference, as a share of the largest expected number or of 1; infinity where NaN differ.

    >>> difference(np.array([1.0, np.nan]), np.array([2.0, np.nan])), difference(np.zeros(1), np.full(1, np.nan))
    (0.5, inf)
    """
    if given.shape != expected.shape:
        return float("inf")
    given, expected = given.astype(np.float64), expected.astype(np.float64)
    same = (given == expected) | (np.isnan(given) & np.isnan(expected))
    if same.all():
        return 0.0
    finite = np.isfinite(expected)
    if not np.isfinite(given[~same]).all() or not finite[~same].all():
        return float("inf")
    scale = max(1.0, float(np.abs(expected[finite]).max(initial=0.0)))
    return float(np.abs(given[~same] - expected[~same]).max()) / scale


def judged(checked: Checked, subject: Subject) -> Checked:
    """Return a comparison, or refuse a graph that answers otherwise.

    Raises:
        ConfigError: with the output that differs most.
    """
    if not checked.agrees:
        name = max(checked.differences, key=lambda each: checked.differences[each])
        port = subject.outputs[name]
        raise ConfigError(
            f"The exported graph answers {port.task!r} otherwise than the run: its {port.detail or 'prediction'} differs "
            f"by {checked.differences[name]:.2g} on drawn rows, and {TOLERANCE:g} is allowed. Nothing was written."
        )
    return checked
