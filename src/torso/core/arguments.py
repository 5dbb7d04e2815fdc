"""Arguments of the wrong kind, as they come from other tools' habits: `fit(X, y)`, `epochs=3`, a frame for a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from torso.core.errors import ConfigError

__all__ = ["check_is", "names_in"]

Names = TypeVar("Names")


def check_is(name: str, value: object, kind: type, cure: str) -> None:
    """Refuse an argument of another kind.

    >>> check_is("run", 3, str, "Give its name.")
    Traceback (most recent call last):
    torso.core.errors.ConfigError: `run` should be a str. Found int. Give its name.

    Args:
        name: of the argument.
        value: what was given.
        kind: that it should be of.
        cure: a sentence.
    """
    if not isinstance(value, kind):
        raise ConfigError(
            f"`{name}` should be a {kind.__name__}. Found {type(value).__name__}. {cure}"
        )


def names_in(name: str, columns: Names) -> Names | list[str]:
    """Return names of columns as plain strings, those in an array or an index as a list.

    Args:
        name: of the argument.
        columns: as it was given.

    Raises:
        ConfigError: values of a column stand there, or what is none at all.
    """
    if not hasattr(columns, "dtype") or not isinstance(columns, Iterable):
        return _plain(columns)
    texts = [str(each) for each in columns if isinstance(each, str)]
    shape = [*getattr(columns, "shape", ())]
    if shape == [len(texts)] and type(columns).__name__ != "Series":
        return texts
    raise ConfigError(
        f"`{name}` should be names of columns. Found {type(columns).__name__} of shape {shape}, which look like "
        f"values. Put them into the table, table.assign(y=values), and name the column: {name}=['y']; or use "
        "torso.Estimator().fit(X, y)."
    )


def _plain(columns: Names) -> Names | list[str]:
    """Return names of NumPy's string type as Python's, since messages and YAML show them."""
    if isinstance(columns, list | tuple):
        return [str(name) if isinstance(name, str) else name for name in columns]
    if isinstance(columns, dict):
        return type(columns)({str(k) if isinstance(k, str) else k: v for k, v in columns.items()})
    return columns
