"""Parts of rows: by a column's values or quantiles, by the modalities that rows lack, by how many labels they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from torso.core.errors import DataError
from torso.runs.report.held_out import HeldOut
from torso.runs.report.patterns import absent_sets, lacks
from torso.tables.arrays import as_floats
from torso.tables.numbers.numerals import as_numbers
from torso.tables.table import Column

__all__ = ["FEW", "GAPS", "LABELS", "MISSING", "Parting", "by_column", "by_gaps", "by_labels"]

GAPS, LABELS, MISSING = "gaps", "labels", "(missing)"
FEW = 10
"""Rows below which nothing is said of a part."""
_MOST = 12
"""Parts of a column."""
_QUANTILES = 4
_LONGEST = 40  # characters of a value


@dataclass(frozen=True)
class Parting:
    """Rows in parts.

    Attributes:
        by: column, or `gaps` or `labels`.
        names: of the parts.
        which: `[rows]`, the part of each.
        note: a sentence on values that share a part; empty without any.
        column: True if a column of the table says the parts.
    """

    by: str
    names: tuple[str, ...]
    which: NDArray[np.intp]
    note: str = ""
    column: bool = False


def by_gaps(held_out: HeldOut) -> Parting:
    """Return the rows by the modalities that they lack."""
    sets = absent_sets(held_out.present)
    which = np.zeros(len(held_out.rows), np.intp)
    for number, (_, rows) in enumerate(sets):
        which[rows] = min(number, _MOST)
    names = [lacks(absent, held_out.present) for absent, _ in sets[:_MOST]]
    more = len(sets) - _MOST
    return Parting(GAPS, (*names, *([f"{more} other sets of gaps"] if more > 0 else [])), which)


def by_labels(held_out: HeldOut) -> Parting | None:
    """Return the rows by the number of tasks that they have a label of; None with one task."""
    if len(held_out.tasks) < 2:
        return None
    counts = np.sum([own.labelled for own in held_out.tasks.values()], axis=0)
    values, which = np.unique(counts, return_inverse=True)
    names = tuple(f"{value} of {len(held_out.tasks)} labels" for value in values)
    return Parting(LABELS, names, which.reshape(-1))


def by_column(column: Column) -> Parting:
    """Return the rows by a column: quantiles of numbers that differ much, else its values, the most frequent first.

    Raises:
        DataError: its cells are lists or files.
    """
    values = column.values
    if pa.types.is_nested(values.type) or pa.types.is_large_binary(values.type):
        raise DataError(
            f"{column.table}: the cells of {column.name!r} are lists or files, which make no slices. Name a column of texts or "
            "numbers."
        )
    if pa.types.is_large_string(values.type):
        values = as_numbers(values)
    if pa.types.is_temporal(values.type) and len(pc.unique(values)) > _MOST:
        values = pc.year(values) if not pa.types.is_time(values.type) else values
    number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    if number and len(pc.unique(values.drop_null())) > _MOST:
        return _quantiles(column.name, as_floats(values.cast(pa.float64())))
    return _values(column.name, values)


def _quantiles(name: str, numbers: NDArray[np.float64]) -> Parting:
    known = ~np.isnan(numbers)
    inner = np.quantile(numbers[known], np.arange(1, _QUANTILES) / _QUANTILES)
    edges = np.unique(inner)
    which = np.searchsorted(edges, numbers, side="left")
    which[~known] = len(edges) + 1
    names = [_span(numbers[known & (which == part)]) for part in range(len(edges) + 1)]
    return _without_empty(name, (*names, MISSING), which)


def _span(numbers: NDArray[np.float64]) -> str:
    if not len(numbers):
        return ""
    return f"{numbers.min():.6g} to {numbers.max():.6g}"


def _values(name: str, values: pa.Array) -> Parting:
    texts = [_text(cell) for cell in values.to_pylist()]
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    order = sorted(counts, key=lambda text: (text == MISSING, -counts[text]))
    shown, note = order, ""
    if len(order) > _MOST + 1:
        shown = [text for text in order[:_MOST] if counts[text] >= FEW]
        kept = f"the {len(shown)} most frequent are shown, the others together."
        none = f"none in {FEW} of them, so there is nothing to compare. Name a column with fewer values."
        note = f"{name!r} has {len(order):,} values among these rows; {kept if shown else none}"
    if not shown:
        return Parting(name, (), np.zeros(len(texts), np.intp), note, column=True)
    rest = len(order) - len(shown)
    places = {text: place for place, text in enumerate(shown)}
    which = np.array([places.get(text, len(shown)) for text in texts], np.intp)
    names = (*shown, *([f"{rest:,} other values"] if rest else []))
    return Parting(name, names, which, note, column=True)


def _text(cell: object) -> str:
    text = MISSING if cell is None else " ".join(str(cell).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _without_empty(name: str, names: Sequence[str], which: NDArray[np.intp]) -> Parting:
    used, renumbered = np.unique(which, return_inverse=True)
    kept = tuple(names[place] for place in used)
    return Parting(name, kept, renumbered.reshape(-1), column=True)
