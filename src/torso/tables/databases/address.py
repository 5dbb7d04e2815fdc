"""The address of a database and a query, in one text that can stand wherever the path of a table does.

The text holds the address, a space, and the query. An address has no spaces, so nothing has to be escaped, and
`data.table` of a run.yaml reads as it was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from torso.core.errors import ConfigError

__all__ = ["Address", "is_address", "is_there", "name_of", "queried"]

FILES = {"sqlite": (".sqlite", ".sqlite3", ".db"), "duckdb": (".duckdb", ".ddb")}
"""Databases in one file, with the endings by which `--query` knows them."""
SERVERS = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "grpc": "flight",
    "grpc+tls": "flight",
}
"""Schemes of servers, with their engines."""
_START = re.compile(rf"(?:{'|'.join(map(re.escape, (*FILES, *SERVERS)))})://", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """A database and a query.

    Attributes:
        engine: `sqlite`, `duckdb`, `postgresql` or `flight`.
        location: path of a file, empty for a DuckDB in memory; or the address of a server.
        query: in SQL.
    """

    engine: str
    location: str
    query: str

    @classmethod
    def parse(cls, source: str) -> Address:
        """Return the database and the query in a text.

        Raises:
            ConfigError: the address holds a password, or no query follows.

        >>> Address.parse("sqlite:///data/shop.db SELECT 1").location
        'data/shop.db'
        >>> Address.parse("sqlite:////data/shop.db SELECT 1").location
        '/data/shop.db'
        """
        start, _, query = source.strip().partition(" ")
        scheme, _, rest = start.partition("://")
        scheme, query = scheme.lower(), query.strip().rstrip(";").rstrip()
        if scheme in SERVERS:
            _check_no_password(start)
        shown = f"{scheme}://{rest}"
        if not query:
            raise ConfigError(
                f"A database's address should be followed by a query. Found {shown!r} alone. "
                "Add one: --query 'SELECT * FROM my_table'"
            )
        if scheme in FILES:
            return cls(scheme, unquote(rest.removeprefix("/")), query)
        return cls(SERVERS[scheme], shown, query)

    @property
    def name(self) -> str:
        """Name of the database, for messages."""
        if self.engine in FILES:
            return Path(self.location).name or self.engine
        parts = urlsplit(self.location)
        return parts.path.strip("/") or parts.netloc

    @property
    def file(self) -> Path | None:
        """Where the database lies, if it is a file."""
        return Path(self.location).expanduser() if self.engine in FILES and self.location else None


def is_address(source: object) -> bool:
    """Return whether a source of rows names a database instead of a file.

    >>> is_address("duckdb:///shop.duckdb SELECT 1"), is_address("data/shop.csv")
    (True, False)
    """
    return isinstance(source, str) and _START.match(source.lstrip()) is not None


def is_there(source: str) -> bool:
    """Return whether a file exists; a database is not asked, and counts as there."""
    return is_address(source) or Path(source).exists()


def name_of(source: str) -> str:
    """Return the name of a file without its folders, or of a database.

    >>> name_of("data/shop.csv"), name_of("postgresql://localhost/shop SELECT 1")
    ('shop.csv', 'shop')
    """
    return Address.parse(source).name if is_address(source) else Path(source).name


def queried(table: str, query: str | None) -> str:
    """Return the text that names a database and a query; a table without a query stays as it is.

    Args:
        table: path of a table, or of a database in a file; or an address.
        query: in SQL; None for a table.

    Raises:
        ConfigError: a query of something that is no database.

    >>> queried("shop.duckdb", "SELECT * FROM orders")
    'duckdb:///shop.duckdb SELECT * FROM orders'
    """
    if query is None:
        return table
    if is_address(table):
        return f"{table.strip()} {query.strip()}"
    ending = Path(table).suffix.lower()
    engine = next((engine for engine, endings in FILES.items() if ending in endings), None)
    if engine is None:
        known = ", ".join((*(f"{scheme}://" for scheme in SERVERS), *sum(FILES.values(), ())))
        raise ConfigError(
            f"`--query` asks a database: {known}. Found {table!r}. To ask files by SQL, name them in a query of DuckDB: "
            f"duckdb:// --query \"SELECT * FROM 'orders.csv'\""
        )
    return f"{engine}:///{table.replace('%', '%25').replace(' ', '%20')} {query.strip()}"


def _check_no_password(address: str) -> None:
    """Refuse a password, which run.yaml would keep and lists of processes would show."""
    try:
        parts = urlsplit(address)
        password = parts.password or re.search(r"(?:^|&)(?:ssl)?password=", parts.query)
    except ValueError as error:
        raise ConfigError(f"A database's address is malformed: {error}.") from None
    if password:
        raise ConfigError(
            "A database's address should hold no password: the run's files would keep it. Found one. Leave it out, and "
            "set PGPASSWORD, or write ~/.pgpass (Flight SQL: set FLIGHT_SQL_TOKEN)."
        )
