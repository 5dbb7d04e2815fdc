"""One key for each value of a category, however it is written, and the spelling to answer with.

A key depends on the cell and on one learned fact alone: `numeric`, that every training value is a plain number. Then 1,
1.0, "1" and "1.0" are one value; otherwise a text is what it says, so that 1.10 and 1.1 are two versions. Either way
true, TRUE and the truth value are one. So a row alone means the same as in its table, in a file as in a frame.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.cells import plain_values
from torso.tables.numbers.numerals import are_versions, numbers_in
from torso.tables.table import Column

__all__ = ["all_numbers", "are_plain", "key_of", "keyed", "spellings", "written"]

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SAME = {
    frozenset(("false", "true")): {"0": "false", "1": "true", "0.0": "false", "1.0": "true"},
    frozenset("01"): {"false": "0", "true": "1"},
}
"""Two learned keys -> other keys of the same: flags are written as truth values here, as numbers there."""
_LONGEST_NUMBER = 400  # digits written out; more would be 1e400 and beyond


def all_numbers(column: Column) -> bool:
    """Return whether every value is a plain number; "007" is none."""
    values = column.values
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return True
    if not pa.types.is_large_string(values.type) or values.null_count == len(values):
        return False
    distinct = pc.drop_null(pc.unique(values))
    return bool(numbers_in(distinct).null_count == 0) and not are_versions(distinct)


def are_plain(keys: Iterable[str]) -> bool:
    """Return whether all keys are those of numbers."""
    return all(key_of(key, numeric=True) == key and _NUMBER.fullmatch(key) for key in keys)


def keyed(column: Column, *, numeric: bool, known: Collection[str] = ()) -> pa.Array:
    """Return each cell's key as text, null where it holds no value.

    Where the `known` keys are true and false, 1 and 0 have them too, and the other way round.

    >>> from torso.tables import read_table
    >>> column = read_table({"grade": ["1.0", "1", "2", None]}).column("grade")
    >>> keyed(column, numeric=True).to_pylist(), keyed(column, numeric=False).to_pylist()
    (['1', '1', '2', None], ['1.0', '1', '2', None])
    """
    coded, names = _distinct(column)
    keys = [key_of(value, numeric=numeric) for value in names]
    same = _SAME.get(frozenset(known), {}) if len(known) == 2 else {}
    keys = [key if key is None else same.get(key, key) for key in keys]
    return pa.array(keys, pa.large_string()).take(coded.indices)


def spellings(column: Column, *, numeric: bool) -> dict[str, str]:
    """Return key -> the way in which most cells write it; of equally frequent ones the first in the alphabet."""
    coded, names = _distinct(column)
    counts = Counter(pc.drop_null(coded.indices).to_pylist())
    ways: dict[str, list[tuple[int, str]]] = {}
    for place, times in counts.items():
        key = key_of(names[place], numeric=numeric)
        if key is not None:
            ways.setdefault(key, []).append((-times, str(_written(names[place]))))
    return {key: min(several)[1] for key, several in ways.items()}


def written(column: Column) -> pa.Array:
    """Return each cell as text, written as `spellings` has it; null where it holds no value."""
    coded, names = _distinct(column)
    return pa.array(map(_written, names), pa.large_string()).take(coded.indices)


def _distinct(column: Column) -> tuple[pa.DictionaryArray, list[object]]:
    values = plain_values(column)
    # Each distinct value is looked at once: a column has few, and may have a million rows.
    coded = values if pa.types.is_dictionary(values.type) else pc.dictionary_encode(values)
    return coded, coded.dictionary.to_pylist()


def key_of(value: object, *, numeric: bool) -> str | None:
    """Return the key of one cell, None for no value."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return _plain(str(value))
    if numeric and numbers_in(pa.array([value], pa.large_string())).null_count == 0:
        return _plain(value)
    return value.lower() if value.lower() in ("true", "false") else value


def _plain(number: str) -> str:
    """Return the shortest way to write a number: no +, no exponent, no zeros at its end."""
    try:
        exact = Decimal(number)
    except InvalidOperation:  # a date, or anything else that is written in one way
        return number
    if not exact.is_finite() or abs(exact.adjusted()) > _LONGEST_NUMBER:
        return number.lower()
    written = format(exact, "f")
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return "0" if written in ("-0", "0", "") else written


def _written(value: object) -> str | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    whole = isinstance(value, float) and value.is_integer()
    return _plain(str(value)) if whole else str(value)
