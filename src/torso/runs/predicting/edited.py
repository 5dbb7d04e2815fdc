"""Errors of a run whose files were edited, in one sentence.

Digests tell of damage, and `load` checks what it can. Whoever edits a run and its digests can still write values on
which the models fail, in whatever place that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torso.core.errors import RunError, TorsoError

__all__ = ["DAMAGE", "telling_of_edits"]

DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, RuntimeError),
    *(TypeError, ValueError),
)
"""Errors that values of an edited file cause where they are used."""


@contextmanager
def telling_of_edits(folder: Path | None) -> Iterator[None]:
    """Turn an error that no code of Torso raised on purpose into one that names the run.

    Args:
        folder: of the run. None for a run in memory: its errors are raised as they are.

    Raises:
        RunError: with the error as its cause.
    """
    try:
        yield
    except TorsoError:
        raise
    except DAMAGE as error:
        if folder is None:
            raise
        raise RunError(
            f"The run in {str(folder)!r} failed: {type(error).__name__}: {error!s:.300}. If its files were edited, copy it "
            "again or train again. If not, this is a fault of Torso: torso --debug shows its place."
        ) from error
