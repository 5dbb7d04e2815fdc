"""Errors that Torso raises on purpose, in one small tree.

```
TorsoError                 the command line prints it without a traceback
├── ConfigError            a setting is unknown, contradictory or out of range  (also a ValueError)
│   └── StepError          a balancer cannot take a step with these losses
│       └── Diverged       a loss or a gradient is NaN or infinite
├── DataError              a table, a cell or a file cannot be used             (also a ValueError)
├── RunError               a run or its folder is absent, damaged, not Torso's   (also a ValueError)
└── MissingDependency      an extra is not installed                            (also an ImportError)
```

A message names the parameter, the rule, the value found and the cure; in data it names the file, the
row (counted from 1, without the header) and the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from torso.core.other_words import OTHER_WORDS

__all__ = [
    "ConfigError",
    "DataError",
    "Diverged",
    "MissingDependency",
    "RunError",
    "StepError",
    "TorsoError",
    "cell_error",
    "meant",
    "nearest",
    "unknown",
    "within",
]


class TorsoError(Exception):
    """Base of every error that Torso raises on purpose."""


class ConfigError(TorsoError, ValueError):
    """A setting is unknown, contradictory or out of range."""


class StepError(ConfigError):
    """A balancer cannot take a step with these losses.

    The same fact has two cures: code in one's own loop, a setting in a run.

    Args:
        fact: what is wrong.
        cure: for one's own loop; part of the message.
        in_run: for a run; the trainer says it instead.

    >>> str(StepError("A loss is negative.", "Pass `shift=True`.", "Add `shift: true`."))
    'A loss is negative. Pass `shift=True`.'
    """

    def __init__(self, fact: str, cure: str = "", in_run: str = "") -> None:
        super().__init__(f"{fact} {cure}".rstrip())
        self.fact, self.in_run = fact, in_run or cure


class Diverged(StepError):
    """A loss or a gradient is NaN or infinite."""


class DataError(TorsoError, ValueError):
    """A table, a cell or a file cannot be used."""


class RunError(TorsoError, ValueError):
    """A run is absent, damaged or newer, began otherwise, or its folder is none for a run."""


class MissingDependency(TorsoError, ImportError):
    """An optional dependency is not installed."""


@contextmanager
def within(path: str) -> Iterator[None]:
    """Begin the message of an error from the block with `path`, a path of the config.

    >>> with within("encoders.photo"):
    ...     raise ConfigError("`depth` should be at least 1. Found 0.")
    Traceback (most recent call last):
    torso.core.errors.ConfigError: `encoders.photo`: `depth` should be at least 1. Found 0.
    """
    try:
        yield
    except TorsoError as error:
        raise type(error)(f"`{path}`: {error}") from error


def cell_error(table: str, row_number: int, column: str, problem: str) -> DataError:
    """Return the error for one cell; `row_number` counts from 1, without the header.

    >>> cell_error("cars.csv", 2, "doors", "expected a number, found 'five'")
    DataError("cars.csv, row 2, column 'doors': expected a number, found 'five'")
    """
    return DataError(f"{table}, row {row_number}, column {column!r}: {problem}")


def unknown(kind: str, name: object, known: Iterable[str], hidden: Iterable[str] = ()) -> str:
    """Return the sentence for an unknown name, with the nearest known one.

    >>> unknown("fusion", "concatt", ["concat", "transformer"])
    "Unknown fusion 'concatt'. Did you mean 'concat'? Known: ['concat', 'transformer']."

    Args:
        kind: of thing that the name was meant for.
        name: the unknown one.
        known: names to list.
        hidden: further names that may be meant, but are not listed.
    """
    names = sorted(known)
    near = nearest(str(name), [*names, *hidden])
    hint = f" Did you mean {near!r}?" if near else ""
    return f"Unknown {kind} {name!r}.{hint} Known: {names}."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is meant by one that others use, or that is written nearly so.

    >>> nearest("tasks", ["inputs", "targets"]), nearest("traget", ["inputs", "targets"])
    ('targets', 'targets')
    """
    names = [*known]
    usual = [own for own in OTHER_WORDS.get(name.lower(), ()) if own in names]
    return next(iter(usual or get_close_matches(name, names, n=1)), None)


def meant(message: str) -> tuple[str, str] | None:
    """Return the wrong name and the near one that a message tells; None if it tells none.

    >>> meant(unknown("fusion", "concatt", ["concat", "transformer"]))
    ('concatt', 'concat')
    >>> meant("cat.csv: file not found. Did you mean 'cats.csv'?")
    ('cat.csv', 'cats.csv')
    """
    named = re.search(r"'([^']+)'[^'.]*\. Did you mean '([^']+)'\?", message)
    absent = re.search(r"(\S+): file not found\. Did you mean '([^']+)'\?", message)
    hit = named or absent
    return (hit[1], hit[2]) if hit else None
