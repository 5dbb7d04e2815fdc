"""An exported graph beside the run itself: the same rows, with every subset of modalities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from torso.core.errors import ConfigError
from torso.exporting.example import subsets
from torso.exporting.ports import InputPort
from torso.exporting.subject import Subject

__all__ = ["TOLERANCE", "Checked", "Run", "compare", "difference", "judged"]

TOLERANCE = 1e-4
"""Difference to the run that an answer may have, as a share of the largest answer or of 1."""

Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Checked:
    """Comparison of a graph with the run that it was made from.

    Attributes:
        subsets: sets of modalities that were tried.
        all_subsets: these are all that there are.
        rows: that were compared.
        differences: output -> largest difference, as a share of the largest answer or of 1.
    """

    subsets: int
    all_subsets: bool
    rows: int
    differences: Mapping[str, float]

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
    rows, laid = 0, subject.sampler.laid
    for batch in subject.sampler.checks({name: inputs[name].least for name in laid}):
        given = run({name: value.numpy() for name, value in batch.tensors(inputs).items()})
        expected = subject.eager(batch)
        rows += len(batch)
        for name, value in expected.items():
            own = difference(given[name], value.numpy())
            differences[name] = max(differences.get(name, 0.0), own)
    tried, whole = subsets([*laid])
    return Checked(len(tried), whole, rows, differences)


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
