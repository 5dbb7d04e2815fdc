"""Asks each kind of input, in the order of their ranks, whether it recognises a column."""

from __future__ import annotations

from torso.columns.inputs import BinaryInput, CategoryInput, Input
from torso.columns.profile import Guess, Profile
from torso.core.cures import setting
from torso.tables.types.media_cells import MEDIA

__all__ = ["guess_input"]

_SOME_ROWS = 5
"""Rows that must have a value, and that must have none, before a single value is a sign that a row has something."""


def guess_input(cells: Profile) -> Guess:
    """Return the kind of the first input that recognises the cells, or why none does.

    >>> from torso.tables import read_table
    >>> table = read_table({"photo": ["a.png", "b.png"], "when": ["2024-05-17", "2024-05-18"]})
    >>> [guess_input(Profile(table.column(name))).kind for name in table.names]
    ['image', 'datetime']
    """
    if not cells.values:
        return Guess("", "no cell holds a value", use=False)
    guesses = (kind.recognise(cells) for kind in _asked())
    guess = _of_type(cells) or next((guess for guess in guesses if guess is not None), None)
    if guess is None:
        return Guess("", _unrecognised(cells), use=False)
    if len(cells.counts) == 1 and cells.distinct == 1 and guess.kind:
        warning = f"Every cell that has a value says {cells.example!r}: nothing to learn from."
        rows = len(cells.column)
        if not cells.is_large and min(cells.missing, 1 - cells.missing) * rows >= _SOME_ROWS:
            why = f"one value or none: the cells that say {cells.example!r} are told from the empty ones"
            return Guess("category", why)
        return Guess(guess.kind, "constant", (warning,), use=False)
    return guess


def _of_type(cells: Profile) -> Guess | None:
    """Return a category for a categorical type; None for others, and where hardly a value comes back."""
    if not cells.is_categorical:
        return None
    kind = BinaryInput if cells.distinct == 2 else CategoryInput
    return Guess(kind.name, f"a categorical type, {cells.distinct} of its values occur")


def _asked() -> list[type[Input]]:
    """Return the kinds that may recognise a column, lowest rank first."""
    ranked = [(kind.rank, kind) for _, kind in Input.registry.items() if kind.rank is not None]
    return [kind for _, kind in sorted(ranked, key=lambda pair: pair[0])]


def _unrecognised(cells: Profile) -> str:
    if not cells.is_bytes and cells.type != MEDIA:
        return f"cells of type {cells.type} are no kind of input"
    *others, last = [kind.name for kind in _asked() if kind.in_files]
    files = f"bytes of no known {', '.join(others)} or {last} format"
    return f"{files}; if they are text: {setting(f'inputs.{cells.column.name}.kind', 'text')}"
