"""Types of a dataclass's fields, checked where its values come from a file that anyone may have edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import get_type_hints

from torso.core.setting_types import accepts, rule

__all__ = ["check_fields"]

_MOST_BITS = 1023
"""Of a whole number that has a float."""


def check_fields(value: object) -> None:
    """Refuse a dataclass, or one inside it, that has a field of another type than it says.

    >>> from torso.evaluation.estimate import Estimate
    >>> check_fields({"r2": Estimate(0.5)})
    >>> check_fields({"r2": Estimate("half")})
    Traceback (most recent call last):
    TypeError: `value` should be a number. Found 'half'.

    Raises:
        TypeError: the field, its type and its value.
    """
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise TypeError("a whole number of more than 300 digits")
    if isinstance(value, Mapping):
        for inner in value.values():
            check_fields(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            check_fields(inner)
    elif is_dataclass(value):
        kinds = get_type_hints(type(value))
        for each in fields(value):
            inner, kind = getattr(value, each.name), kinds[each.name]
            check_fields(inner)
            if not accepts(kind, inner):
                raise TypeError(f"`{each.name}` should be {rule(kind)}. Found {inner!r:.60}.")
