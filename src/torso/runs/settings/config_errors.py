"""Sentences about a config that pydantic refuses: path, rule, value found and cure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from torso.core.errors import unknown
from torso.core.other_words import OTHER_WORDS

__all__ = ["key_paths", "section_of", "sentence_of"]


def section_of(annotation: object) -> type[BaseModel] | None:
    """Return the section that a key holds, perhaps besides null; None if it holds a value."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def key_paths(model: type[BaseModel], before: str = "") -> list[str]:
    """Return the dotted path of every key of a section and of the sections in it.

    >>> from torso.runs.settings.sections import SplitConfig
    >>> key_paths(SplitConfig, "data.split.")[:2]
    ['data.split.test', 'data.split.validation']
    """
    paths = []
    for name, field in model.model_fields.items():
        section = section_of(field.annotation)
        paths.append(f"{before}{name}")
        if section is not None:
            paths += key_paths(section, f"{before}{name}.")
    return paths


def sentence_of(model: type[BaseModel], error: ErrorDetails) -> str:
    """Return an error of pydantic as path, rule, value found and cure."""
    location = [str(key) for key in error["loc"]]
    path = ".".join(location)
    if error["type"] == "extra_forbidden":
        return _unknown_key(model, location)
    if error["type"] == "missing":
        return f"`{path}` is required."
    value = json.dumps(error["input"], default=str)[:80]
    if location[-1] in ("str", "dict[str,any]"):  # the two forms of a part, each refused
        path = ".".join(location[:-1])
        return f"`{path}` should be a part's name or a mapping with its settings. Found {value}."
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    rule = message if message.startswith("should ") else f"is wrong: {message}"
    return f"`{path}` {rule}. Found {value}.{_default_of(model, location)}"


def _default_of(model: type[BaseModel], location: Sequence[str]) -> str:
    """Return the default of a setting as a sentence; empty where it has none to name."""
    section: type[BaseModel] = model
    field: FieldInfo | None = None
    for name in location:
        field = section.model_fields.get(name)
        if field is None:
            return ""
        section = section_of(field.annotation) or section
    if field is None or not isinstance(field.default, int | float | str):
        return ""
    return f" Default: {'.'.join(location)}={json.dumps(field.default).strip(chr(34))}"


def _unknown_key(model: type[BaseModel], location: list[str]) -> str:
    """Return the sentence about a key that its section lacks; another section may have it."""
    *sections, key = location
    leaves = {path.split(".")[-1]: path for path in reversed(key_paths(model))}
    other = next((word for word in OTHER_WORDS.get(key.lower(), ()) if word in leaves), key)
    elsewhere = [leaves[word] for word in (key, other) if word in leaves]
    section: Any = model
    for name in sections:
        section = section_of(section.model_fields[name].annotation)
    where = f"key in `{'.'.join(sections)}`:" if sections else "key"
    if elsewhere:
        near = elsewhere[0].removeprefix("".join(f"{name}." for name in sections))
        return f"Unknown {where} {key!r}. Did you mean {near!r}?"
    return unknown(where, key, section.model_fields)
