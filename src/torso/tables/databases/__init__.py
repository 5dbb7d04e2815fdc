"""Tables that a query of a database returns: SQLite, DuckDB, PostgreSQL and servers that speak Arrow Flight SQL.

>>> from torso.tables.databases import Address, is_address
>>> source = "postgresql://localhost/shop SELECT * FROM orders ORDER BY id"
>>> is_address(source), Address.parse(source).query
(True, 'SELECT * FROM orders ORDER BY id')

`address` reads such a text, `engines` know the databases, and `reading` asks them and words what goes wrong.
"""

from torso.tables.databases.address import Address, is_address, is_there, name_of, queried
from torso.tables.databases.reading import names_of_query, read_query

__all__ = [
    "Address",
    "is_address",
    "is_there",
    "name_of",
    "names_of_query",
    "queried",
    "read_query",
]
