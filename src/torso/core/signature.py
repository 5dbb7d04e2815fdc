"""The settings of a part, read from its constructor: the signature is the schema, the docstring the meaning."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from torso.core.ranges import Limits, Range, SetBy

__all__ = ["REQUIRED", "Setting", "meanings", "notes_of", "paragraph", "settings_of"]

REQUIRED = inspect.Parameter.empty
"""Default of a setting that has none."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One argument of a constructor.

    Attributes:
        name: of the argument.
        type: its annotation.
        default: its default, or `REQUIRED`.
        meaning: what the docstring says of it.
        range: sensible values, where the signature has them.
        by_user: whether users set it; else the data or the model do.
        limits: least and greatest number that it takes, where the signature has them.
    """

    name: str
    type: object
    default: object
    meaning: str = ""
    range: Range | None = None
    by_user: bool = True
    limits: Limits | None = None

    @property
    def required(self) -> bool:
        """True if it must be given."""
        return self.default is REQUIRED


def settings_of(
    make: Callable[..., object], positional: SetBy = SetBy.DATA
) -> Mapping[str, Setting]:
    """Return the arguments of a constructor by name.

    Args:
        make: a class or a function.
        positional: who decides the arguments that are not keyword-only.
    """
    return _read(make, positional)


@cache
def _read(make: Callable[..., object], positional: SetBy) -> Mapping[str, Setting]:
    told = _all_meanings(make)
    settings = {}
    for name, parameter in _parameters(make).items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        notes = notes_of(parameter.annotation)
        by = SetBy.USER if parameter.kind is parameter.KEYWORD_ONLY else positional
        by = next((note for note in notes if isinstance(note, SetBy)), by)
        sensible = next((note for note in notes if isinstance(note, Range)), None)
        limits = next((note for note in notes if isinstance(note, Limits)), None)
        unsaid = parameter.annotation is parameter.empty or isinstance(parameter.annotation, str)
        kind = Any if unsaid else parameter.annotation
        meaning = told.get(name, "")
        settings[name] = Setting(
            name, kind, parameter.default, meaning, sensible, by is SetBy.USER, limits
        )
    return settings


def meanings(docstring: str) -> dict[str, str]:
    """Return argument -> meaning, from the `Args:` of a Google docstring.

    >>> meanings('''Mean of tokens.
    ...
    ... Args:
    ...     dim: token width,
    ...         in and out.
    ...     bias: whether the layer has a bias.
    ... ''')
    {'dim': 'token width, in and out.', 'bias': 'whether the layer has a bias.'}
    """
    lines = inspect.cleandoc(docstring).splitlines()
    starts = [number for number, line in enumerate(lines) if line.strip() == "Args:"]
    entries: dict[str, list[str]] = {}
    for line in lines[starts[0] + 1 :] if starts else ():
        if line and not line.startswith(" "):
            break
        entry = re.match(r"    \*{0,2}(\w+):\s*(.*)", line)
        if entry:
            entries[entry[1]] = [entry[2]]
        elif line.strip() and entries:
            next(reversed(entries.values())).append(line.strip())
    return {name: " ".join(words).strip() for name, words in entries.items()}


def paragraph(part: type) -> str:
    """Return the first paragraph of a class's docstring, on one line."""
    return " ".join((inspect.getdoc(part) or "").split("\n\n")[0].split())


def _all_meanings(make: Callable[..., object]) -> dict[str, str]:
    """Return the meanings that a class and those it comes from tell, the nearest first."""
    classes = make.__mro__ if isinstance(make, type) else (make,)
    known: dict[str, str] = {}
    for source in classes:
        known = {**meanings(source.__doc__ or ""), **known}
    return known


def _parameters(make: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(make, eval_str=True).parameters
    except (NameError, AttributeError, TypeError):  # of names that only type checkers import
        return inspect.signature(make).parameters


def notes_of(annotation: object) -> list[object]:
    """Return the notes of `Annotated` beside a type or a member of a union."""
    if get_origin(annotation) is Annotated:
        kind, *notes = get_args(annotation)
        return [*notes, *notes_of(kind)]
    if get_origin(annotation) in (Union, UnionType):
        return [note for member in get_args(annotation) for note in notes_of(member)]
    return []
