"""An exported graph beside the run itself: the same rows, with every subset of modalities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.exporting.example import drawn, lengths, subsets
from torso.exporting.graph import as_tensors
from torso.exporting.layout import Layout
from torso.exporting.ports import InputPort, OutputPort

__all__ = ["TOLERANCE", "Checked", "Compared", "compare", "difference", "judged", "rows_of_checks"]

TOLERANCE = 1e-4
"""Difference to the run that an answer may have, as a share of the largest answer or of 1."""
_SEVERAL = 2  # rows of each subset in one batch
_LONG = 37  # steps of the longest row of that batch
_ALONE = 8  # subsets that are asked as single rows

Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
Eager = Callable[[Mapping[str, Features]], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Compared:
    """Differences between a graph and its run.

    Attributes:
        differences: output -> the largest, as a share of the largest answer or of 1.
        rows: that were compared.
    """

    differences: Mapping[str, float]
    rows: int


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


def rows_of_checks(
    laid: Mapping[str, Layout], inputs: Mapping[str, InputPort]
) -> Iterator[dict[str, Features]]:
    """Yield batches: rows with each subset of modalities, then single rows as short as may be.

    Args:
        laid: modality -> layout.
        inputs: name -> port, with least lengths.
    """
    tried, _ = subsets([*laid])
    yield drawn(laid, tried * _SEVERAL, lengths(laid, _LONG), seed=1)
    places = np.linspace(0, len(tried) - 1, min(len(tried), _ALONE)).astype(int)
    for seed, place in enumerate(dict.fromkeys(places.tolist())):
        longer = 5 * (seed % 3)
        own = {name: inputs[name].least + longer for name in laid}
        sides = {name: min(laid[name].longest, length) for name, length in own.items()}
        yield drawn(laid, [tried[place]], sides, seed)


def compare(
    run: Run,
    eager: Eager,
    batches: Iterable[Mapping[str, Features]],
    inputs: Mapping[str, InputPort],
) -> Compared:
    """Return the differences between a graph and the run.

    Args:
        run: the graph.
        eager: the run.
        batches: of rows.
        inputs: name -> port.
    """
    differences: dict[str, float] = {}
    rows = 0
    for features in batches:
        tensors = as_tensors(features, inputs)
        given = run({name: value.numpy() for name, value in tensors.items()})
        with torch.no_grad():
            expected = eager(features)
        rows += len(next(iter(features.values())))
        for name, value in expected.items():
            own = difference(given[name], value.numpy())
            differences[name] = max(differences.get(name, 0.0), own)
    return Compared(differences, rows)


def difference(given: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference, as a share of the largest expected number or of 1; infinity where NaN differ.

    >>> difference(np.array([1.0, np.nan]), np.array([1.5, np.nan])), difference(np.zeros(1), np.full(1, np.nan))
    (0.333..., inf)
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


def judged(
    compared: Compared, laid: Mapping[str, Layout], outputs: Mapping[str, OutputPort]
) -> Checked:
    """Return the comparison, or refuse a graph that answers otherwise.

    Raises:
        ConfigError: with the output that differs most.
    """
    tried, whole = subsets([*laid])
    differences = compared.differences
    checked = Checked(len(tried), whole, compared.rows, differences)
    if not checked.largest <= TOLERANCE:
        name = max(differences, key=lambda each: differences[each])
        port = outputs[name]
        raise ConfigError(
            f"The exported graph answers {port.task!r} otherwise than the run: its {port.detail or 'prediction'} differs "
            f"by {differences[name]:.2g} on drawn rows, and {TOLERANCE:g} is allowed. Nothing was written."
        )
    return checked
