"""Everything Torso raises on purpose, in one small tree.

```
TorsoError                 what the command line prints without a traceback
├── ConfigError            a setting is unknown, contradictory or out of range  (also a ValueError)
├── DataError              a table, a cell or a file cannot be used             (also a ValueError)
├── RunError               a saved run is absent, damaged or from a newer Torso (also a ValueError)
└── MissingDependency      an extra is not installed                            (also an ImportError)
```

A message names the parameter, the rule, the value found and the cure; in data it names the file, the
row (counted from 1, without the header) and the column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

__all__ = [
    "ConfigError",
    "DataError",
    "MissingDependency",
    "RunError",
    "TorsoError",
    "unknown",
    "within",
]


class TorsoError(Exception):
    """Base of every error that Torso raises on purpose."""


class ConfigError(TorsoError, ValueError):
    """A setting is unknown, contradictory or out of range."""


class DataError(TorsoError, ValueError):
    """A table, a cell or a file cannot be used."""


class RunError(TorsoError, ValueError):
    """A saved run is absent, damaged or written by a newer version."""


class MissingDependency(TorsoError, ImportError):
    """An optional dependency is not installed."""


@contextmanager
def within(place: str) -> Iterator[None]:
    """Let errors that come out of the block begin with `place`, a path of the config."""
    try:
        yield
    except TorsoError as error:
        raise type(error)(f"`{place}`: {error}") from error


def unknown(what: str, name: object, known: Iterable[str], hidden: Iterable[str] = ()) -> str:
    """Return the sentence for a name that nobody knows, with the nearest known one; `hidden` ones are not listed.

    >>> unknown("fusion", "concatt", ["concat", "transformer"])
    "Unknown fusion 'concatt'. Did you mean 'concat'? Known: ['concat', 'transformer']."
    """
    names = sorted(known)
    near = get_close_matches(str(name), [*names, *hidden], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Unknown {what} {name!r}.{hint} Known: {names}."
