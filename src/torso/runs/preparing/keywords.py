"""Keywords that a function does not have: settings of `run.yaml`, and words of other tools."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from torso.core.errors import ConfigError, nearest
from torso.core.other_words import OTHER_WORDS
from torso.runs.settings.config import RunConfig
from torso.runs.settings.config_errors import key_paths

__all__ = ["setting_called", "telling_keywords"]

P = ParamSpec("P")
R = TypeVar("R")

_TABLE = ("X", "data", "df", "frame", "dataset", "train", "train_data")


def telling_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that answers unknown keywords with the right way to say them.

    >>> from torso.runs.fit import fit
    >>> fit({"a": [1, 2]}, ["a"], epochs=3)
    Traceback (most recent call last):
    torso.core.errors.ConfigError: `fit` has no parameter `epochs`. It is a setting: settings={'training.epochs': 3}
    """
    known = inspect.signature(function).parameters

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        for key in kwargs.keys() - known.keys():
            raise ConfigError(
                f"`{function.__name__}` has no parameter `{key}`.{_hint(key, kwargs[key], [*known])}"
            )
        return function(*args, **kwargs)

    return told


def _hint(key: str, value: object, known: list[str]) -> str:
    if key in _TABLE and "table" in known:
        return " The table comes first, targets are names of its columns: (table, ['price'])"
    near = nearest(key, known)
    path = setting_called(key)
    if near and not (path and near not in OTHER_WORDS.get(key.lower(), ())):
        return f" Did you mean `{near}`?"
    if path and "settings" in known:
        return f" It is a setting: settings={{{path!r}: {value!r}}}"
    return f" Known: {known}."


def setting_called(name: str) -> str:
    """Return the path of the setting that a name, or another tool's word, means; empty for none.

    >>> setting_called("learning_rate"), setting_called("colour")
    ('training.lr', '')
    """
    names = (name, *OTHER_WORDS.get(name.lower(), ()))
    paths = [
        path for path in key_paths(RunConfig) if path.rpartition(".")[2] in names or path in names
    ]
    return paths[0] if paths else ""
