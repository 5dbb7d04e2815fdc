"""Rows of a query, notes on them, and errors of drivers as Torso's own."""

from __future__ import annotations

import re

import pyarrow as pa

from torso.core.errors import DataError, TorsoError
from torso.tables.databases.address import Address
from torso.tables.databases.engines import ENGINES
from torso.tables.formats.file_format import Content, first_line

__all__ = ["names_of_query", "read_query"]

_LONGEST = 120
"""Characters of a query that a message shows."""


def read_query(address: Address) -> tuple[Content, bool]:
    """Return the rows of a query, and whether its cells have types.

    Args:
        address: of the database, with the query.

    Raises:
        DataError: the database is not there, or refuses the query.
        MissingDependency: the database's driver is not installed.
    """
    table = _ask(address, address.query)
    notes = [f"{address.name}: {table.num_rows} rows of {_short(address.query)}"]
    if not re.search(r"\border\s+by\b", address.query, re.IGNORECASE):
        notes.append(
            f"{address.name}: the query has no ORDER BY. Where the rows come in another order next time, other rows validate, "
            "and --resume refuses them."
        )
    return Content(table, tuple(notes)), ENGINES[address.engine].typed


def names_of_query(source: str) -> list[str]:
    """Return the names of a query's columns without its rows; none if the database does not tell.

    Args:
        source: text with address and query.
    """
    try:
        address = Address.parse(source)
        return list(_ask(address, f"SELECT * FROM ({address.query}\n) AS t LIMIT 0").column_names)
    except TorsoError:
        return []  # whoever reads the rows says why


def _ask(address: Address, query: str) -> pa.Table:
    file = address.file
    if file is not None and not file.is_file():
        raise DataError(f"{file}: no such database.")
    engine = ENGINES[address.engine]
    try:
        table = engine.ask(address, query)
    except engine.driver().Error as error:
        raise DataError(
            f"{address.name}: the database does not answer {_short(query)}: {first_line(error)}"
        ) from error
    if not table.num_columns:
        raise DataError(f"{address.name}: {_short(query)} returns no rows. Ask by a SELECT.")
    return table


def _short(query: str) -> str:
    line = " ".join(query.split())
    return repr(line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…")
