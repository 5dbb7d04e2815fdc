"""`X` and `y` as columns of a table, and answers in the form of `y`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from torso.columns.category_keys import written
from torso.core.errors import DataError
from torso.tables.alike import alike
from torso.tables.table import Table, read_table

__all__ = ["Labels", "is_frame", "named_rows", "read_inputs", "read_labels", "unused"]


_OF_FRAMES = ("columns", "column_names", "schema")  # of pandas and polars; of Arrow; of its readers


def is_frame(X: object) -> bool:
    """Return whether `X` is a pandas or polars frame or an Arrow table; a series is none."""
    return hasattr(X, "__arrow_c_stream__") and any(hasattr(X, name) for name in _OF_FRAMES)


def named_rows(X: object, names: Sequence[str] | None) -> object:
    """Return rows or columns given as mappings, and texts, as an Arrow table under `names` if any; all else as it is.

    A name that a row lacks is missing there; one beyond `names` is left out.
    """
    texts = _texts(X)
    if texts is not None:
        own = getattr(X, "name", None)
        name = names[0] if names is not None and len(names) == 1 else str(own or "text")
        return pa.table({name: pa.array(texts, pa.large_string())})
    if isinstance(X, Mapping) and not hasattr(X, "tocsr"):
        columns = X
    elif isinstance(X, list | tuple) and X and all(isinstance(row, Mapping) for row in X):
        order = list(
            names if names is not None else dict.fromkeys(name for row in X for name in row)
        )
        columns = {name: [row.get(name) for row in X] for name in order}
    else:
        return X
    wanted = (
        columns if names is None else {name: columns[name] for name in names if name in columns}
    )
    table = read_table(wanted)
    return table.data.drop_columns(list(table.unreadable))


def _texts(X: object) -> list[str | None] | None:
    """Return the cells of a list, array or series of texts, None where one is missing; None for all else."""
    if isinstance(X, str | bytes | Mapping) or is_frame(X) or not isinstance(X, Iterable):
        return None
    if getattr(X, "ndim", 1) != 1 or hasattr(X, "tocsr"):
        return None
    cells = [None if _is_missing(cell) else cell for cell in getattr(X, "tolist", lambda: [*X])()]
    return cells if cells and all(cell is None or isinstance(cell, str) for cell in cells) else None


def _is_missing(cell: object) -> bool:
    """Return whether a cell is None, NaN or pandas' NA, which is equal to nothing, for sure."""
    return (
        cell is None
        or type(cell).__name__ == "NAType"
        or (isinstance(cell, float) and cell != cell)
    )


def read_inputs(X: Any) -> Table:
    """Return a frame as a table, and an array `[rows, columns]` as one with the columns `x0`, `x1`, ..."""
    if is_frame(X):
        return read_table(X)
    return read_table({f"x{column}": X[:, column] for column in range(X.shape[1])})


def unused(name: str, taken: Iterable[str]) -> str:
    """Return `name`, with underscores appended until it is not `taken`."""
    while name in taken:
        name += "_"
    return name


@dataclass(frozen=True)
class Labels:
    """The columns of `y`.

    Attributes:
        table: the columns.
        form: what `y` was: `"one"` column, an array `"matrix"` or a `"frame"`.
        like: an empty frame of the kind that `y` was, else None.
        originals: column -> each label as `y` wrote it, by the text that Torso knows it by; empty for lists.
        dtypes: column -> numpy's type of its labels.
    """

    table: Table
    form: str
    like: object
    originals: Mapping[str, Mapping[str, object]]
    dtypes: Mapping[str, np.dtype]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return self.table.names

    def classes(self, name: str, texts: Sequence[str]) -> np.ndarray:
        """Return the classes that Torso calls `texts` as `y` wrote them."""
        return _array([self.originals[name].get(text, text) for text in texts], self.dtypes[name])

    def without_rows(self) -> Labels:
        """Return the form alone, which is all that a prediction needs."""
        empty = Table(self.table.data.slice(0, 0), self.table.name)
        return replace(self, table=empty, originals={})

    def answers(self, columns: Mapping[str, np.ndarray], X: object) -> object:
        """Return answers to `X`, `[rows, ...]` by target, in the form of `y`; a pandas index goes with them."""
        if self.form == "one":
            return next(iter(columns.values()))
        if self.form == "matrix":
            return np.stack(list(columns.values()), axis=1)
        arrays = {name: pa.array(list(values)) for name, values in columns.items()}
        if self.like is None or hasattr(self.like, "iloc"):
            return alike(X if hasattr(X, "iloc") else None)(pa.table(arrays))
        return alike(self.like)(pa.table(arrays))


def read_labels(y: Any, taken: Iterable[str], seen: Labels | None = None) -> Labels:
    """Return the columns of `y`.

    Args:
        y: `[rows]` or `[rows, targets]`: array, list, series, frame, or a mapping of columns. A series and a
            frame say the targets' names; others are called `target`, or `target0`, `target1`, ...
        taken: names of inputs.
        seen: the labels of `fit`, whose names those of an array, list or series take.

    Raises:
        DataError: a target that is called like an input, or an array of another shape.
    """
    taken = list(taken)
    if is_frame(y) or isinstance(y, Mapping):
        names = read_table(y).names
        values = {name: _cells(_column(y, name)) for name in names}
        return _labels(values, "frame", None if isinstance(y, Mapping) else y[:0], taken)
    if hasattr(y, "tocsr"):
        raise DataError("`y` is sparse, labels should be dense: y.toarray().")
    cells = _cells(y)
    form = "one" if cells.ndim == 1 else "matrix"
    if form == "one":
        name = getattr(y, "name", None)
        names = [str(name) if name not in (None, "") else unused("target", taken)]
        cells = cells[:, None]
    if cells.ndim != 2 or not cells.shape[1]:
        raise DataError(
            f"`y` should be of shape [rows] or [rows, targets]. Found {cells.shape}. "
            "Give a column of lists as a series of lists."
        )
    if form == "matrix":
        names = [unused(f"target{column}", taken) for column in range(cells.shape[1])]
    if seen is not None:
        if len(seen.names) != len(names):
            raise DataError(
                f"`y` should have the targets {seen.names}. Found {len(names)} columns."
            )
        names = seen.names
    return _labels(dict(zip(names, cells.T, strict=True)), form, None, taken)


def _labels(values: Mapping[str, np.ndarray], form: str, like: object, taken: list[str]) -> Labels:
    both = [name for name in values if name in taken]
    if both:
        raise DataError(
            f"A column should be an input or a target, not both. Found {both} in `X` and in `y`. Take them out of "
            "`X`, or call them something else in `y`."
        )
    table = read_table(values)
    return Labels(
        table,
        form,
        like,
        {name: _originals(table, name, cells) for name, cells in values.items()},
        {name: cells.dtype for name, cells in values.items()},
    )


def _originals(table: Table, name: str, cells: np.ndarray) -> dict[str, object]:
    column = table.column(name)
    if pa.types.is_nested(column.values.type):
        return {}
    return {
        text: value
        for text, value in zip(written(column).to_pylist(), cells.tolist(), strict=True)
        if text is not None
    }


def _cells(values: Any) -> np.ndarray:
    """Return array-likes as an array; lists of different lengths as objects."""
    try:
        cells = np.asarray(values)
    except ValueError:
        cells = np.empty(len(values), dtype=object)
        cells[:] = [*values]
    if cells.dtype.kind == "c":
        raise DataError("Complex data not supported: `y` holds complex numbers.")
    return cells


def _column(y: Any, name: str) -> object:
    if isinstance(y, Mapping):
        return next(cells for label, cells in y.items() if str(label) == name)
    if hasattr(y, "iloc"):
        return y.iloc[:, [str(label) for label in y.columns].index(name)]
    return y[name]


def _array(values: Sequence[object], dtype: np.dtype) -> np.ndarray:
    """Return labels in the type that `y` had; as objects where they fit no other."""
    if dtype.kind in "biuf":
        return np.array(values, dtype=dtype)
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out if dtype.kind == "O" else out.astype(dtype)
