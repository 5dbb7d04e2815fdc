"""Cells taken apart by an expression. Arrow compiles it anew each time, which for a few cells is most of the work."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["extracted", "groups_of"]

_FEW = 8  # cells that Python's engine reads, which keeps the expression


def extracted(strings: pa.Array, pattern: str) -> pa.StructArray:
    """Return the named groups of the cells, null where one does not match, as `pc.extract_regex` does.

    >>> extracted(pa.array(["5 kg", "heavy"], pa.large_string()), r"^(?P<number>[0-9]+) (?P<unit>[a-z]+)$").to_pylist()
    [{'number': '5', 'unit': 'kg'}, None]

    Args:
        strings: texts.
        pattern: in the syntax of RE2.
    """
    if len(strings) <= _FEW and strings.type == pa.large_string() and len(strings):
        expression = _compiled(pattern)
        cells = strings.to_pylist() if expression is not None else []
        if expression is not None and all(cell is None or _is_plain(cell) for cell in cells):
            return _taken_apart(expression, cells)
    return pc.extract_regex(strings, pattern=pattern)


def groups_of(cell: str, pattern: str) -> dict[str, str | None]:
    """Return the named groups of a cell of ASCII signs on one line; none if it does not match.

    Args:
        cell: a text.
        pattern: in the syntax of RE2.
    """
    expression = _compiled(pattern)
    match = expression.search(cell) if expression is not None else None
    return {} if match is None else match.groupdict()


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return the expression for Python's engine, which is given ASCII only; None if it has no such syntax."""
    points = re.sub(r"\\x\{([0-9a-f]+)\}", lambda point: f"\\U{point[1]:0>8}", pattern)
    try:
        return re.compile(points.replace(r"\p{L}", "[A-Za-z]"), re.ASCII)
    except re.error:
        return None


def _is_plain(cell: str) -> bool:
    """Return whether both engines read a cell alike: ASCII on one line."""
    return cell.isascii() and "\n" not in cell


def _taken_apart(expression: re.Pattern[str], cells: list[str | None]) -> pa.StructArray:
    matches = [None if cell is None else expression.search(cell) for cell in cells]
    fit = np.array([match is not None for match in matches])
    columns = [
        _texts(tuple("" if match is None else match[name] or "" for match in matches))
        for name in expression.groupindex
    ]
    valid = pa.py_buffer(np.packbits(fit, bitorder="little"))
    return pa.StructArray.from_buffers(_form(expression), len(cells), [valid], children=columns)


@lru_cache(maxsize=256)
def _form(expression: re.Pattern[str]) -> pa.DataType:
    return pa.struct([(name, pa.large_string()) for name in expression.groupindex])


@lru_cache(maxsize=4096)
def _texts(cells: tuple[str, ...]) -> pa.Array:
    """Return ASCII texts as an Arrow array, without pandas, which `pa.array` imports; most groups are empty ones."""
    ends = np.cumsum([0, *map(len, cells)], dtype=np.int64)
    letters = pa.py_buffer("".join(cells).encode())
    return pa.Array.from_buffers(pa.large_string(), len(cells), [None, pa.py_buffer(ends), letters])
