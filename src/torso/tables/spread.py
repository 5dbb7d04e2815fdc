"""A row whose cells are all lists of one length, which may be meant as columns."""

from __future__ import annotations

from dataclasses import replace

from torso.tables.table import Table, read_table

__all__ = ["spread"]

_NOTE = "{}: its object of columns is read as rows."


def spread(table: Table) -> Table | None:
    """Return the lists of a table's only row as its columns; None if it has other cells, or more rows.

    >>> whole = spread(read_table([{"size": [1.5, 2.5], "shop": ["a", "b"]}]))
    >>> whole.data.to_pylist()
    [{'size': 1.5, 'shop': 'a'}, {'size': 2.5, 'shop': 'b'}]
    """
    if table.rows != 1 or table.unreadable:
        return None
    columns = {name: cells[0] for name, cells in table.data.to_pydict().items()}
    if not all(isinstance(cell, list) for cell in columns.values()):
        return None
    if len({len(cell) for cell in columns.values()}) != 1 or not columns[table.names[0]]:
        return None
    whole = read_table(columns)
    notes = (*table.notes, _NOTE.format(table.name), *whole.notes)
    return replace(whole, name=table.name, folder=table.folder, notes=notes)
