"""The type of a setting: which values it takes, and how to say so to a user."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

__all__ = ["accepts", "choices", "members", "rule"]


def members(kind: object) -> tuple[object, ...]:
    """Return the types of a union, or the type alone, without the notes of `Annotated`.

    >>> members(int | None)
    (<class 'int'>, <class 'NoneType'>)
    """
    if get_origin(kind) is Annotated:
        return members(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return tuple(inner for member in get_args(kind) for inner in members(member))
    return (kind,)


def choices(kind: object) -> list[object]:
    """Return the values that the literals of a type name, e.g. `['sigmoid', 'softmax']`."""
    literals = [member for member in members(kind) if get_origin(member) is Literal]
    return [value for literal in literals for value in get_args(literal)]


def accepts(kind: object, value: object) -> bool:
    """Return whether a value is of a type; the constructor may refuse it still.

    A whole float is an int here, an int a float, and a type that YAML has no values of takes everything.

    >>> accepts(int | None, "abc"), accepts(float, 3), accepts(list[int], [1, "x"])
    (False, True, False)
    """
    return any(_accepts(member, value) for member in members(kind))


def _accepts(kind: object, value: Any) -> bool:
    origin: Any = get_origin(kind) or kind
    inner = get_args(kind)
    if origin is Literal:
        return any(isinstance(value, type(choice)) and value == choice for choice in inner)
    if origin is NoneType or origin is None:
        return value is None
    if origin is bool:
        return isinstance(value, Real) and value in (0, 1)
    if origin is int:
        return isinstance(value, Integral) or (isinstance(value, Real) and float(value) % 1 == 0)
    if origin is float:
        return isinstance(value, Real)
    if origin is str:
        return isinstance(value, str | os.PathLike)
    if origin in _LISTS:
        return _is_list(value) and all(accepts(inner[0] if inner else Any, each) for each in value)
    if origin in _MAPPINGS:
        return isinstance(value, Mapping) and all(
            accepts(inner[1] if inner else Any, each) for each in value.values()
        )
    try:
        return origin is Any or isinstance(value, origin)
    except TypeError:  # a protocol, a type variable
        return True


_LISTS = (list, tuple, Sequence)
_MAPPINGS = (dict, Mapping)


def _is_list(value: object) -> bool:
    """Return whether a value is a list, a tuple or an array, but no text and no mapping."""
    if isinstance(value, str | bytes | Mapping):
        return False
    return hasattr(value, "__len__") and hasattr(value, "__iter__")


def rule(kind: object) -> str:
    """Return a type in words.

    >>> rule(int | None), rule(Literal["a", "b"]), rule(list[float])
    ('a whole number or null', "'a' or 'b'", 'a list of numbers')
    """
    return _joined(member for member in members(kind) if member is not NoneType) + (
        " or null" if NoneType in members(kind) else ""
    )


_WORDS: Mapping[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}


def _joined(kinds: Iterable[object]) -> str:
    words = list(dict.fromkeys(word for kind in kinds for word in _words(kind)))
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _words(kind: object) -> list[str]:
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if origin is Literal:
        return [repr(choice) for choice in inner]
    if origin in _LISTS:
        return [f"a list of {_plural(inner[0])}" if inner else "a list"]
    if origin in _MAPPINGS:
        return [f"a mapping of {_plural(inner[1])}" if inner else "a mapping"]
    if origin is Any:
        return ["any value"]
    return [_WORDS.get(origin) or str(getattr(origin, "__name__", origin))]


def _plural(kind: object) -> str:
    known: Mapping[object, str] = {
        int: "whole numbers",
        float: "numbers",
        str: "texts",
        Any: "values",
    }
    return " or ".join(known.get(member) or _joined([member]) for member in members(kind))
