"""Asks each kind of target, in the order of their ranks, whether it recognises a column."""

from __future__ import annotations

from dataclasses import replace

from torso.columns.inputs import DatetimeInput
from torso.columns.profile import Guess, Profile, quoted
from torso.tables.types.media_cells import MEDIA
from torso.tasks import Target

__all__ = ["guess_target"]

_FEW_TIMES = (
    24  # dates or times of day that recur may be names of classes: meals, months, semesters
)
_AS_NUMBER = (
    "make a number of it first, such as days since a fixed day, or for a time of day the hour from 0 to 24 with the "
    "kind angle and period=24"
)
_BINARY, _CATEGORY, _ORDINAL = "binary", "category", "ordinal"  # names of kinds of target


def guess_target(cells: Profile) -> Guess:
    """Return the kind of the first target that recognises the cells; without a kind, why they are no labels.

    >>> from torso.tables import read_table
    >>> table = read_table({"genre": ["jazz", "folk", "jazz", "rock"], "weight": [1.5, 2.25, 8.0, 4.0]})
    >>> [guess_target(Profile(table.column(name))).kind for name in table.names]
    ['category', 'number']
    """
    if not cells.values:
        return Guess("", "no cell holds a label")
    if cells.is_categorical and len(cells.counts) > 1:
        return _of_type(cells)
    if _are_alike(cells):
        return Guess("", f"every label is {cells.example!r}, so there is nothing to learn")
    for kind in _asked():
        if kind.label != "other" and not cells.is_number and DatetimeInput.recognise(cells):
            return _of_times(cells)
        guess = kind.recognise(cells)
        if guess is not None:
            return guess
    if cells.is_bytes or cells.type == MEDIA:
        return Guess(
            "", "pictures and other bytes are no labels; for pictures name the kind, such as mask"
        )
    return Guess("", f"cells of type {cells.type} are no kind of target")


def _of_type(cells: Profile) -> Guess:
    """Return the kind of labels of a categorical type: ordinal where it has an order."""
    names = cells.column.categories or ()
    if cells.distinct == 2:
        return Guess(
            _BINARY, f"a categorical type, two of its values occur: {quoted(sorted(cells.counts))}"
        )
    if cells.column.ordered:
        why = f"a categorical type with an order, from {names[0]!r} to {names[-1]!r}; without it choose category"
        return Guess(_ORDINAL, why, settings={"order": list(names)})
    why = f"a categorical type, {cells.distinct} of its values occur; if they have an order choose ordinal"
    return Guess(_CATEGORY, why)


def _asked() -> list[type[Target]]:
    """Return the kinds that may recognise a column, lowest rank first."""
    ranked = [(kind.rank, kind) for _, kind in Target.registry.items() if kind.rank is not None]
    return [kind for _, kind in sorted(ranked, key=lambda pair: pair[0])]


def _are_alike(cells: Profile) -> bool:
    """Return whether all labels are one value; whole numbers that floats cannot tell apart are one."""
    values = set(map(float, cells.counts)) if cells.is_number else cells.counts
    if cells.is_large:  # lists and bytes are counted in the sample alone
        return len(values) == 1 and len(cells.sample) == len(cells.column)
    return len(values) == 1 and cells.distinct == len(cells.counts)


def _of_times(cells: Profile) -> Guess:
    """Return the classes that dates or times of day name where few of them recur; else refuse them."""
    guesses = [kind.recognise(cells) for kind in _asked() if kind.kind in (_BINARY, _CATEGORY)]
    classes = [guess for guess in guesses if guess is not None and guess.kind]
    if not classes or cells.distinct > _FEW_TIMES:
        return Guess("", f"a date or time is no label; {_AS_NUMBER}")
    told = f"Its {cells.distinct} dates or times are taken for names of classes. For their order or distance {_AS_NUMBER}."
    return replace(classes[0], warnings=(*classes[0].warnings, told))
