"""Answers of `torso search`; each is one line."""

from __future__ import annotations

import pyarrow as pa
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from torso.core.printable import printable

__all__ = ["search_table"]

_LONGEST = 120  # characters of a cell, where there are few columns
_WIDEST = 360  # characters of all cells of a row, about


def search_table(answers: pa.Table) -> RenderableType:
    """Return the table of a search's answers, without columns of lists or bytes; long texts are cut.

    Args:
        answers: Arrow table with `rank`, `score`, and whatever is told of each.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = {}
    for field in answers.schema:
        if pa.types.is_nested(field.type) or pa.types.is_large_binary(field.type):
            continue
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        table.add_column(Text(field.name), justify="right" if number else "left", overflow="fold")
        columns[field.name] = answers.column(field.name).to_pylist()
    longest = min(_LONGEST, max(24, _WIDEST // len(columns)))
    for row in zip(*columns.values(), strict=True):
        table.add_row(*(Text(_short(cell, longest)) for cell in row))
    return table


def _short(cell: object, longest: int) -> str:
    text = "" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    text = printable(" ".join(text.split("\n")))
    return text if len(text) <= longest else text[: longest - 1] + "…"
