"""The kinds of planted tables by name. A kind is a function of rows, noise and seed."""

from __future__ import annotations

from collections.abc import Callable

from torso.core.errors import ConfigError
from torso.planted.truth import Planted

__all__ = ["kind", "kinds", "plant"]

Kind = Callable[[int, float, int], Planted]
_KINDS: dict[str, Kind] = {}


def kind(function: Kind) -> Kind:
    """File a function under its own name."""
    _KINDS[function.__name__] = function
    return function


def kinds() -> dict[str, str]:
    """Return the kinds with the first line of their docstring.

    >>> kinds()["helper"]
    'A task with few labels beside one with many that answers from the same function.'
    """
    return {
        name: (function.__doc__ or "").partition("\n")[0]
        for name, function in sorted(_KINDS.items())
    }


def plant(name: str, rows: int = 1200, noise: float = 0.5, seed: int = 0) -> Planted:
    """Return a planted table.

    >>> plant("clash").truth.groups
    (('a1', 'a2'), ('b1', 'b2'), ('c1', 'c2'))

    Args:
        name: of the kind; `kinds()` lists them.
        rows: number of rows, at least 60.
        noise: deviation of the labels' noise, where the deviation of their signal is 1.
        seed: of the rows.

    Raises:
        ConfigError: there is no such kind, too few rows, or a negative noise.
    """
    if name not in _KINDS:
        raise ConfigError(f"No planted table is called {name!r}. Known: {', '.join(kinds())}.")
    if rows < 60:
        raise ConfigError(f"`rows` should be at least 60. Found {rows}.")
    if not noise >= 0:
        raise ConfigError(f"`noise` should be 0 or more. Found {noise}.")
    return _KINDS[name](rows, noise, seed)
