"""Names of columns, checked where a table comes in."""

from __future__ import annotations

from torso.core.errors import DataError

__all__ = ["check_names"]


def check_names(names: list[str], table: str) -> None:
    """Raise a DataError unless every column of `table` has a name of its own."""
    if not names:
        raise DataError(f"{table} has no columns.")
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise DataError(
                f"{table}: column {position} has no name. Name it in the header, or leave it out "
                "(pandas writes such a column unless told `to_csv(..., index=False)`)."
            )
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise DataError(
            f"{table}: several columns are called {repeated}. Rename all but one of each."
        )
