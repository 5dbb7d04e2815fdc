"""The shapes in which people keep a table as JSON: rows, columns, pandas' orients, wrapped in an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torso.core.errors import DataError

__all__ = ["ShapeError", "rows_of_lists", "rows_of_object"]

_WRAPPERS = {
    "data",
    "examples",
    "inputs",
    "instances",
    "items",
    "records",
    "response",
    "result",
    "results",
    "rows",
    "samples",
}
"""Names of what is wrapped, also on one line, where an object may be a row."""
_SPLIT = {"columns", "data"}
_BESIDE = {"index", "index_names", "column_names", "name", "dtypes"}


class ShapeError(DataError):
    """JSON in a shape that has no rows, without the name of its file."""


def rows_of_object(
    content: Mapping[str, object], *, spread: bool = False
) -> tuple[Sequence[object], str]:
    """Return the rows that a single object holds, and a sentence on how; itself and nothing, if it is a row.

    >>> rows_of_object({"columns": ["a", "b"], "index": [0], "data": [[1, 2]]})
    ([{'a': 1, 'b': 2}], 'its rows are lists under names of columns')

    Args:
        content: the object.
        spread: it stands over several lines, so it is no row of a file of lines.

    Raises:
        ShapeError: it holds several lists of rows and nothing besides.
    """
    names, data = content.get("columns"), content.get("data")
    if _SPLIT <= content.keys() <= _SPLIT | _BESIDE and _are_texts(names) and _are_lists(data):
        assert isinstance(names, list) and isinstance(data, list)
        return _named(names, data), "its rows are lists under names of columns"
    inner = [cells for cells in content.values() if isinstance(cells, dict)]
    if inner and len(inner) == len(content):
        numbered = all(str(key).isdigit() for cells in inner for key in cells)
        if numbered and len({tuple(cells) for cells in inner}) == 1:  # as pandas writes
            return _turned(content, [list(cells.values()) for cells in inner])
        if all(str(key).isdigit() for key in content):
            return inner, "its objects by number are read as rows"
        if len(inner) == 1:
            (name,) = content
            rows, how = rows_of_object(inner[0], spread=spread)
            return rows, how or f"the object in {name!r} is read as a row"
        if spread and len({frozenset(cells) for cells in inner}) == 1:
            return inner, "its objects by name are read as rows, without the names"
    tables = [name for name, cells in content.items() if _are_rows(cells)]
    if len(tables) > 1 and len(tables) == len(content):
        raise ShapeError(
            f"A JSON object with several lists of rows, {tables}. Keep one of them in the file."
        )
    if len(tables) == 1 and (spread or len(content) == 1 or tables[0].lower() in _WRAPPERS):
        own = content[tables[0]]
        assert isinstance(own, list)
        return own, f"its rows are those of {tables[0]!r}"
    wraps = [name for name in content if name.lower() in _WRAPPERS]
    within = content[wraps[0]] if len(wraps) == 1 and not tables else None
    if isinstance(within, dict):  # beside a status, a number of rows and the like
        rows, how = rows_of_object(within, spread=spread)
        if how:
            return rows, how
    lists = [cells for cells in content.values() if isinstance(cells, list)]
    if spread and len(lists) == len(content) and len({len(cells) for cells in lists}) == 1:
        return _turned(content, lists)
    return [content], ""


def rows_of_lists(rows: Sequence[object]) -> tuple[Sequence[object], str]:
    """Return lists below a list of names as rows, and a sentence; all else as it is.

    >>> rows_of_lists([["a", "b"], [1, 2]])
    ([{'a': 1, 'b': 2}], 'its first list names the columns')
    """
    if len(rows) > 1 and _are_lists(rows) and _are_texts(rows[0]):
        names = rows[0]
        assert isinstance(names, list)
        if all(isinstance(row, list) and len(row) == len(names) for row in rows):
            return _named(names, rows[1:]), "its first list names the columns"
    return rows, ""


def _named(names: Sequence[str], rows: Sequence[object]) -> list[object]:
    named: list[object] = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            raise ShapeError(
                f"Row {number} below the names of columns should be a list of {len(names)} cells. Found {str(row)[:60]}."
            )
        named.append(dict(zip(names, row, strict=True)))
    return named


def _turned(names: Iterable[str], columns: Sequence[list[object]]) -> tuple[list[object], str]:
    rows: list[object] = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return rows, "its object of columns is read as rows"


def _are_rows(cells: object) -> bool:
    return isinstance(cells, list) and bool(cells) and all(isinstance(row, dict) for row in cells)


def _are_lists(cells: object) -> bool:
    return isinstance(cells, list) and bool(cells) and all(isinstance(row, list) for row in cells)


def _are_texts(cells: object) -> bool:
    return (
        isinstance(cells, list)
        and all(isinstance(name, str) for name in cells)
        and len({*cells}) == len(cells) > 0
    )
