"""Names of columns, settled where a table comes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from torso.core.errors import DataError

__all__ = ["settled_names"]


def settled_names(given: Sequence[str], table: str) -> tuple[list[str], list[str]]:
    """Return a name of its own for every column of `table`, and sentences about those that are new.

    Raises:
        DataError: there are no columns.

    >>> settled_names(["", "size", "size"], "cars.csv")[0]
    ['Unnamed: 0', 'size', 'size.1']
    """
    if not given:
        raise DataError(f"{table} has no columns.")
    names = [name if name.strip() else "" for name in given]
    taken = set(names)
    settled: dict[str, None] = {}
    numbers: Counter[str] = Counter()
    repeated: dict[str, list[str]] = {}
    nameless: list[str] = []
    for position, name in enumerate(names):
        own = name or f"Unnamed: {position}"
        if not name or name in settled:
            own = _free(own, taken, numbers)
            (repeated.setdefault(name, []) if name else nameless).append(own)
        taken.add(own)
        settled[own] = None
    notes = [
        f"{table}: several columns are called {name!r}; the others are read as {_listed(others)}."
        for name, others in repeated.items()
    ]
    if nameless:
        notes.append(f"{table}: columns without a name are called {_listed(nameless)}.")
    return list(settled), notes


def _free(name: str, taken: set[str], numbers: Counter[str]) -> str:
    """Return `name`, or with the next number behind it that no column has."""
    free = name
    while free in taken:
        numbers[name] += 1
        free = f"{name}.{numbers[name]}"
    return free


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
