"""Python objects as cells: numbers, texts, dates, lists and pictures.

Cells of one sort become an Arrow column of their type. Where sorts are mixed, each cell becomes the text that a CSV
would hold, so that a kind reads a cell the same whatever stands beside it.
"""

from __future__ import annotations

import datetime
import enum
import json
import math
import numbers
import os
import uuid
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from torso.tables.types.media_cells import media_bytes, media_struct
from torso.tables.types.raw_column import RawColumn, Unreadable

__all__ = ["REFUSED", "python_column", "without_surrogates"]

REFUSED = (pa.ArrowException, TypeError, ValueError, OverflowError, RecursionError)
"""Errors with which Arrow refuses cells."""
_NONE = type(None)
_ALIKE: tuple[set[type], ...] = (
    {_NONE, str, float},  # the floats are NaN, or Arrow refuses them
    {_NONE, int, float},
    {_NONE, bool},
    {_NONE, list, float},
    {_NONE, np.ndarray, float},
)
_MISSING = ("NAType", "NaTType")
_SORTS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "text"),
    (bool, "true or false"),
    ((int, float), "numbers"),
    (Decimal, "decimals"),
    (bytes, "bytes"),
    (datetime.datetime, "times"),
    (datetime.date, "dates"),
    (datetime.time, "times of day"),
    (datetime.timedelta, "durations"),
    (list, "lists"),
    (dict, "mappings"),
)
_NO_CELL = (
    "Give a number, a text, a date, a list of these, or a picture or recording, or its file's path"
)


class _NoCellError(Exception):
    """A cell of no known sort."""


def python_column(cells: Sequence[object], *, at_once: bool = True) -> RawColumn:
    """Return cells as a column.

    Args:
        cells: of any types.
        at_once: try first to hand them to Arrow as they are.

    >>> python_column([1, "b", None]).values.to_pylist()
    ['1', 'b', None]
    """
    types = set(map(type, cells))
    if at_once and any(types <= alike for alike in _ALIKE):  # the usual columns, at Arrow's speed
        with suppress(*REFUSED):
            return RawColumn.of(pa.array(cells, from_pandas=True))
    mended = _Mended()
    plain = []
    for row, cell in enumerate(cells):
        try:
            plain.append(mended.plain(cell))
        except (_NoCellError, RecursionError) as error:
            problem = f"a cell should be a plain value. Found {error or 'lists without end'}"
            return _unreadable(cells, Unreadable(row, problem, f"{_NO_CELL}."))
    column = _column(plain)
    if not mended.surrogates:
        return column
    broken = "a text holds" if mended.surrogates == 1 else f"{mended.surrogates} texts hold"
    note = f"{broken} halves of characters (lone surrogates), read as U+FFFD"
    return RawColumn(
        column.values,
        note="; ".join(filter(None, (note, column.note))),
        unreadable=column.unreadable,
    )


def without_surrogates(text: str) -> str:
    r"""Return `text` with U+FFFD for each half of a character, which no file can hold.

    >>> without_surrogates("a\ud800b").encode()
    b'a\xef\xbf\xbdb'
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Mended:
    """Objects brought to plain ones, and a count of the texts that were changed."""

    def __init__(self) -> None:
        self.surrogates = 0

    def plain(self, cell: object) -> object:
        """Return a cell as one of the sorts; None for every kind of missing."""
        if cell is None or type(cell).__name__ in _MISSING:
            return None
        if isinstance(cell, enum.Enum):
            return self.plain(cell.value)
        if isinstance(cell, str):
            return self._text(str(cell))
        if isinstance(cell, np.datetime64 | np.timedelta64):  # the latter calls itself a number
            return _moment(cell)
        if isinstance(cell, numbers.Number):
            return _number(cell)
        if isinstance(cell, bytes | bytearray | memoryview):
            return bytes(cell)
        if isinstance(cell, datetime.date | datetime.time | datetime.timedelta):
            return cell
        if isinstance(cell, os.PathLike):
            return self.plain(os.fspath(cell))
        if isinstance(cell, uuid.UUID) or type(cell).__name__ in ("Period", "Interval"):
            return str(cell)
        return self._composed(cell)

    def _item(self, item: object) -> object:
        plain = self.plain(item)
        return float(plain) if isinstance(plain, Decimal) else plain

    def _text(self, text: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            self.surrogates += 1
            return without_surrogates(text)
        return text

    def _composed(self, cell: object) -> object:
        content = media_bytes(cell)
        if content is not None:
            return content
        if isinstance(cell, Mapping):
            return {self._text(str(key)): self.plain(value) for key, value in cell.items()}
        if hasattr(cell, "tolist"):  # arrays, tensors, series and numpy's scalars
            listed = cell.tolist()
            return listed if listed is cell else self.plain(listed)
        if isinstance(cell, AbstractSet):
            return sorted(map(self._item, cell), key=str)
        if isinstance(cell, Collection):
            return [self._item(item) for item in cell]
        raise _NoCellError(f"a {type(cell).__module__}.{type(cell).__qualname__}")


def _moment(cell: np.datetime64 | np.timedelta64) -> object:
    """Return a time or duration of numpy as Python's; as text where its unit is a month or more."""
    if np.isnat(cell):
        return None
    with suppress(*REFUSED):
        name = "datetime64[us]" if isinstance(cell, np.datetime64) else "timedelta64[us]"
        moment = cell.astype(name).item()
        if not isinstance(moment, int):  # beyond the years that Python knows
            return moment
    return str(cell)


def _number(cell: object) -> object:
    if isinstance(cell, Decimal):
        return None if cell.is_nan() else cell
    if isinstance(cell, bool | int | float):
        return None if cell != cell else cell
    if hasattr(cell, "tolist") and not isinstance(cell.tolist(), type(cell)):  # numpy's
        return _number(cell.tolist())
    if isinstance(cell, numbers.Integral):
        return int(cell)
    if isinstance(cell, numbers.Real):
        number = float(cell)
        return None if math.isnan(number) else number
    raise _NoCellError(f"the complex number {cell}")


def _column(cells: list[Any]) -> RawColumn:
    """Return plain cells as a column of the type that suits all of them."""
    sorts = {_sort(cell): row for row, cell in reversed([*enumerate(cells)]) if cell is not None}
    kinds = set(sorts)
    if kinds == {"bytes", "text"} or (
        kinds <= {"bytes", "text", "mappings"} and "mappings" in kinds
    ):
        media = media_struct(cells)
        if media is not None:
            return RawColumn.of(media)
    if kinds == {"dates", "times"}:
        midnight = datetime.time()
        cells = [
            cell
            if cell is None or isinstance(cell, datetime.datetime)
            else datetime.datetime.combine(cell, midnight)
            for cell in cells
        ]
        kinds = {"times"}
    if kinds == {"decimals", "numbers"}:
        cells = [float(cell) if isinstance(cell, Decimal) else cell for cell in cells]
        kinds = {"numbers"}
    if len(kinds) <= 1:
        with suppress(*REFUSED):
            return RawColumn.of(pa.array(cells))
        if kinds == {"numbers"} and all(isinstance(cell, int | None) for cell in cells):
            with suppress(*REFUSED):
                return RawColumn.of(pa.array(cells, pa.uint64()))
        if kinds == {"decimals"}:  # infinity, or more digits than Arrow keeps
            return RawColumn.of(pa.array([None if cell is None else float(cell) for cell in cells]))
    if "bytes" in kinds or kinds == {"mappings"}:
        (first, _), (row, sort) = _ends(sorts)
        beside = f"{sort} beside {first}" if first != sort else f"{sort} of several types"
        problem = f"the cells of a column should be of one sort. Found {beside}"
        return _unreadable(cells, Unreadable(row, problem, "Make them alike."))
    return RawColumn.of(
        pa.array([_written(cell) for cell in cells], pa.large_string()), _mix(sorts)
    )


def _ends(sorts: Mapping[str, int]) -> tuple[tuple[str, int], tuple[int, str]]:
    """Return the sort that stands first with its row, and the one that stands last as row and sort."""
    ranked = sorted((row, sort) for sort, row in sorts.items())
    return (ranked[0][1], ranked[0][0]), ranked[-1]


def _mix(sorts: Mapping[str, int]) -> str:
    (first, _), (row, sort) = _ends(sorts)
    if first == sort:
        what = (
            "whole numbers beyond 64 bits"
            if sort == "numbers"
            else f"{sort} that no one type holds"
        )
        return "" if sort == "lists" else f"{what} are read as text"
    return f"mixes {first} and {sort} (row {row + 1}): all cells are read as text"


def _sort(cell: object) -> str:
    return next(sort for types, sort in _SORTS if isinstance(cell, types))


def _written(cell: object) -> str | None:
    """Return a cell as a CSV would hold it."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False, default=str)
    if isinstance(cell, Decimal):
        return _written(float(cell))
    if isinstance(cell, datetime.timedelta):
        return _written(cell.total_seconds())
    return str(cell)


def _unreadable(cells: Sequence[object], why: Unreadable) -> RawColumn:
    return RawColumn.without_cells(pa.array([cell is not None for cell in cells]), why)
