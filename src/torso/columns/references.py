"""The distribution of a column in training. A server compares new rows with it, to detect drift.

The measure is the population stability index of credit scoring, `sum((p - q) * ln(p / q))` over bins: q are shares of the
training rows, p those of new ones. Missing cells are a bin. By custom, below 0.1 nothing has changed, above 0.25 much has. Of n rows from
training itself it is about (bins - 1) / n.

>>> import numpy as np
>>> reference = Reference.of_numbers(np.arange(100.0))
>>> same, other = np.arange(0.5, 100), np.arange(0.5, 100) + 40
>>> round(reference.drift(reference.counts(same)), 2), round(reference.drift(reference.counts(other)), 1)
(0.0, 1.8)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from torso.columns import cells
from torso.columns.inputs import Input
from torso.columns.reading import Reading
from torso.core.whole_files import Json
from torso.tables.table import Column

__all__ = ["Reference", "measured"]

_BINS = 10
_VALUES = 20
_SMALLEST = 0.5  # rows that an empty bin counts as


@dataclass(frozen=True)
class Reference:
    """Shares of training rows in bins; the last bin is that of missing cells, the one before that of other values.

    Attributes:
        rows: of training.
        known: of the bins.
        edges: between the bins of numbers.
        values: of the bins of values.
    """

    rows: int
    known: tuple[int, ...]
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    @classmethod
    def of_numbers(cls, numbers: NDArray[np.float64]) -> Reference:
        """Return the reference of numbers, in tenths of their rows; NaN is missing."""
        known = numbers[np.isfinite(numbers)]
        inner = np.linspace(0, 1, _BINS + 1)[1:-1]
        edges = np.unique(np.quantile(known, inner)) if len(known) else np.zeros(0)
        empty = cls(len(numbers), (), edges=tuple(map(float, edges)))
        return cls(empty.rows, tuple(empty.counts(numbers).tolist()), edges=empty.edges)

    @classmethod
    def of_values(cls, values: pa.Array) -> Reference:
        """Return the reference of texts: the most frequent ones, all others together, and missing ones."""
        counts = pc.value_counts(pc.drop_null(values)).to_pylist()
        ranked = sorted(counts, key=lambda each: (-each["counts"], each["values"]))
        empty = cls(len(values), (), values=tuple(each["values"] for each in ranked[:_VALUES]))
        return cls(empty.rows, tuple(empty.counts(values).tolist()), values=empty.values)

    @classmethod
    def of(cls, cells: NDArray[np.float64] | pa.Array) -> Reference:
        """Return the reference of cells as `measured` gives them."""
        return cls.of_numbers(cells) if isinstance(cells, np.ndarray) else cls.of_values(cells)

    def counts(self, new: NDArray[np.float64] | pa.Array) -> NDArray[np.int64]:
        """Return how many new cells lie in each bin."""
        if isinstance(new, np.ndarray):
            missing = ~np.isfinite(new)
            bins = np.searchsorted(self.edges, new[~missing], side="right")
            counts = np.bincount(bins, minlength=len(self.edges) + 1)
            return np.append(counts, missing.sum()).astype(np.int64)
        kept = pa.array(self.values, pa.large_string())
        indices = pc.index_in(pc.drop_null(new.cast(pa.large_string())), value_set=kept)
        bins = pc.fill_null(indices, len(kept)).to_numpy(zero_copy_only=False)
        counts = np.bincount(bins.astype(np.int64), minlength=len(kept) + 1)
        return np.append(counts, new.null_count).astype(np.int64)

    def drift(self, counts: NDArray[np.int64]) -> float:
        """Return the population stability index of new cells by their counts; NaN without any."""
        if not counts.sum():
            return float("nan")
        before = np.maximum(np.array(self.known, float), _SMALLEST)
        after = np.maximum(counts.astype(float), _SMALLEST)
        used = (np.array(self.known) > 0) | (counts > 0)
        q, p = before[used] / before[used].sum(), after[used] / after[used].sum()
        return float(((p - q) * np.log(p / q)).sum())

    def to_dict(self) -> dict[str, object]:
        """Return the reference as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Json) -> Reference:
        """Return the reference that `to_dict` wrote."""
        return cls(
            saved["rows"], tuple(saved["known"]), tuple(saved["edges"]), tuple(saved["values"])
        )


def measured(kind: Input, column: Column) -> NDArray[np.float64] | pa.Array:
    """Return the numbers or texts by which cells of a kind are compared.

    Numbers and moments are compared as they are, categories by their values, texts and names by their length in characters;
    of files, lists and vectors only whether they are there.

    Args:
        kind: of the column; fitted.
        column: of a table.
    """
    floats = getattr(kind, "floats", None)
    if floats is not None:
        numbers: NDArray[np.float64] = floats(column, Reading())[:, 0].astype(np.float64)
        return numbers
    if kind.name in ("category", "binary"):
        return cells.texts(column)
    if kind.form in ("text", "names") and cells.is_text(column.values):
        lengths = pc.cast(pc.utf8_length(column.values), pa.float64())
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.float64)
    return pc.if_else(column.values.is_valid(), "there", None).cast(pa.large_string())
