"""The note on cells that lie far from all others of their column, for inputs and for `torso inspect`."""

from __future__ import annotations

from collections.abc import Sequence

from torso.tables.table import Column

__all__ = ["FAR_CELLS", "far_cells"]

FAR_CELLS = "far from all others"
"""Words of the note by which it is known."""


def far_cells(column: Column, rows: Sequence[int]) -> tuple[str, ...]:
    """Return a sentence about far cells; none without any.

    >>> from torso.tables import read_table
    >>> far_cells(read_table({"size": [2.5, 1e12]}).column("size"), [1])
    ('1 of 2 cells lies far from all others: 1000000000000.0 in row 2. It counts as very large or small and shifts no \
scale; correct it if it is a slip.',)

    Args:
        column: the cells.
        rows: positions of the far ones, from 0.
    """
    if not len(rows):
        return ()
    cell = str(column.values[int(rows[0])].as_py())
    where = f"{cell:.40} in row {column.row_number(int(rows[0]))}"
    if len(rows) == 1:
        return (
            f"1 of {len(column)} cells lies {FAR_CELLS}: {where}. It counts as very large or small and shifts no "
            "scale; correct it if it is a slip.",
        )
    return (
        f"{len(rows)} of {len(column)} cells lie {FAR_CELLS}, the first: {where}. They count as very large or small "
        "and shift no scale; correct them if they are slips.",
    )
