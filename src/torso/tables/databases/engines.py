"""Databases that answer a query by an Arrow table.

They are opened to read only. DuckDB fetches no extensions by itself.
"""

from __future__ import annotations

import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing
from types import ModuleType
from typing import ClassVar
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from torso.core.optional import require
from torso.tables.databases.address import Address

__all__ = ["ENGINES", "Engine"]


class Engine(ABC):
    """A kind of database.

    Attributes:
        typed: its cells have types; otherwise a text may be a number or a date.
    """

    typed: ClassVar[bool] = True

    @abstractmethod
    def driver(self) -> ModuleType:
        """Return the module that asks the database, whose errors are of its class `Error`.

        Raises:
            MissingDependency: it is not installed.
        """

    @abstractmethod
    def ask(self, address: Address, query: str) -> pa.Table:
        """Return the rows of a query.

        Args:
            address: of the database.
            query: in SQL.
        """


class Sqlite(Engine):
    """SQLite, by Python's own reader: a column may hold cells of several types, which drivers that guess one refuse."""

    typed = False

    def driver(self) -> ModuleType:
        """Return Python's own module."""
        return sqlite3

    def ask(self, address: Address, query: str) -> pa.Table:
        """Return the rows of a query; a column of numbers and texts is one of texts."""
        path = quote(os.path.expanduser(address.location))
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            database.text_factory = lambda content: content.decode("utf-8", "replace")
            cursor = database.execute(query)
            names = [each[0] for each in cursor.description or ()]
            columns: list[list[object]] = [[] for _ in names]
            while rows := cursor.fetchmany(10_000):
                for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
                    column.extend(cells)
        return pa.Table.from_arrays([_of_one_type(column) for column in columns], names=names)


class DuckDb(Engine):
    """DuckDB: its own files, and Parquet, CSV and JSON files that a query names."""

    def driver(self) -> ModuleType:
        """Return the package `duckdb`."""
        return require("duckdb", why="A query of DuckDB", extra="sql")

    def ask(self, address: Address, query: str) -> pa.Table:
        """Return the rows of a query. Extensions are not fetched from a network."""
        place = os.path.expanduser(address.location)
        config = {"autoinstall_known_extensions": "false"}
        with self.driver().connect(
            place or ":memory:", read_only=bool(place), config=config
        ) as database:
            relation = database.sql(query)  # None for statements without rows
            return pa.table({}) if relation is None else relation.to_arrow_table()


class Adbc(Engine):
    """A server that is reached by a driver of Arrow Database Connectivity (ADBC).

    Attributes:
        import_driver: returns the driver's module, as `driver`.
        options: of a connection, asked for when it is made.
        read_only: statement that lets the transaction only read; None for a server without transactions.
    """

    def __init__(
        self,
        import_driver: Callable[[], ModuleType],
        options: Callable[[], dict[str, str]] = dict,
        read_only: str | None = None,
    ) -> None:
        self.import_driver = import_driver
        self.options = options
        self.read_only = read_only

    def driver(self) -> ModuleType:
        """Return the driver's module."""
        return self.import_driver()

    def ask(self, address: Address, query: str) -> pa.Table:
        """Return the rows of a query; decimals of any precision are floats."""
        with (
            self.driver().connect(
                address.location, db_kwargs=self.options(), autocommit=self.read_only is None
            ) as connection,
            connection.cursor() as cursor,
        ):
            if self.read_only is not None:
                cursor.execute(self.read_only)
            cursor.execute(query)
            table: pa.Table = cursor.fetch_arrow_table()
        for position, field in enumerate(table.schema):
            if b"numeric" in (field.metadata or {}).get(b"POSTGRESQL:type", b""):
                numbers = _decimals(table.column(position))
                table = table.set_column(position, field.name, numbers)
        return table


def _of_one_type(cells: list[object]) -> pa.Array:
    """Return cells as SQLite holds them, whole numbers, floats, texts and bytes, as an array of one type."""
    types = {type(cell) for cell in cells if cell is not None}
    if types <= {int, float}:
        return pa.array(cells, pa.float64() if float in types else pa.int64())
    if types == {bytes}:
        return pa.array(cells, pa.large_binary())
    return pa.array([_text(cell) for cell in cells], pa.large_string())


def _text(cell: object) -> str | None:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return None if cell is None else str(cell)


def _decimals(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return decimals that PostgreSQL spells as floats."""
    chunks = [getattr(chunk, "storage", chunk) for chunk in column.chunks]
    return pc.cast(pa.chunked_array(chunks, pa.string()), pa.float64())


def _token() -> dict[str, str]:
    token = os.environ.get("FLIGHT_SQL_TOKEN")
    header = "adbc.flight.sql.authorization_header"
    return {} if token is None else {header: f"Bearer {token}"}


def _postgresql() -> ModuleType:
    return require("adbc_driver_postgresql.dbapi", why="A query of PostgreSQL", extra="sql")


def _flight() -> ModuleType:
    return require("adbc_driver_flightsql.dbapi", why="A query by Arrow Flight SQL", extra="sql")


ENGINES: dict[str, Engine] = {
    "sqlite": Sqlite(),
    "duckdb": DuckDb(),
    "postgresql": Adbc(_postgresql, read_only="SET TRANSACTION READ ONLY"),
    "flight": Adbc(_flight, _token),
}
