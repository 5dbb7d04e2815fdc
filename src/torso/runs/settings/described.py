"""Columns as a config describes them, read from every spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torso.core.errors import ConfigError

__all__ = ["Described", "Raw", "described"]

Raw = dict[str, Any]
"""Values of a config, as it was written; nothing is checked yet."""
Described = dict[str, dict[str, Any] | None]
"""Column -> its settings with or without `kind`; None for a column to leave out."""


def described(columns: Iterable[str] | Mapping[str, Any] | None, section: str) -> Described:
    """Return columns as a config describes them, in any spelling, as column -> settings.

    >>> described("price", "targets"), described({"a": "number", "b": None}, "inputs")
    ({'price': {}}, {'a': {'kind': 'number'}, 'b': None})

    Args:
        columns: a name, names, or a mapping to a kind, to settings, or to None.
        section: `inputs` or `targets`.

    Raises:
        ConfigError: a column described by anything else.
    """
    if columns is None or isinstance(columns, str):
        columns = [columns] if columns else []
    if not isinstance(columns, Mapping):
        columns = {name: {} for name in _names(columns, section)}
    for name, spec in columns.items():
        if not isinstance(spec, str | Mapping | None):
            raise ConfigError(
                f"`{section}.{name}` should be a kind, or a mapping such as {{kind: number}}. Found {spec!r}."
            )
    return {
        name: {"kind": spec} if isinstance(spec, str) else None if spec is None else dict(spec)
        for name, spec in columns.items()
    }


def _names(columns: object, section: str) -> list[str]:
    """Return names of columns; a file may hold anything in their place."""
    names = list(columns) if isinstance(columns, Iterable) else [columns]
    wrong = next((name for name in names if not isinstance(name, str)), None)
    if wrong is not None:
        raise ConfigError(
            f"`{section}` should hold names of columns, or a mapping from them. Found {wrong!r:.80}."
        )
    return [str(name) for name in names]
