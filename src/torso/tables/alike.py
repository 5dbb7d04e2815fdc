"""Answers in the type of the table that was given."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import TYPE_CHECKING

import pyarrow as pa

from torso.core.optional import require

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["alike", "as_frame", "require_pandas"]


def require_pandas(why: str) -> None:
    """Raise a MissingDependency if pandas is absent.

    Args:
        why: the part that needs it, as the first words of the message.
    """
    require("pandas", package="pandas>=2.2", why=why)


def as_frame(answers: pa.Table) -> pd.DataFrame:
    """Return answers as a pandas frame."""
    frame: pd.DataFrame = answers.to_pandas(
        use_threads=answers.num_rows > 4096  # waking threads costs 2 ms
    )
    return frame


def alike(given: object) -> Callable[[pa.Table], object]:
    """Return the way from answers to the kind of table that was given; to a pandas frame for paths and lists.

    A pandas frame keeps its index.

    Args:
        given: pandas or polars frame, Arrow table or batch, anything else; a series is a row or a column.

    Raises:
        MissingDependency: the answers should be a pandas frame, and pandas is absent.
    """
    if isinstance(given, pa.Table | pa.RecordBatch):
        return lambda answers: answers
    package = type(given).__module__.split(".")[0]
    if package == "polars":
        import polars

        return polars.from_arrow
    require_pandas("A frame of answers (an Arrow table comes by as_arrow=True)")
    index: pd.Index[str] | None = getattr(given, "index", None)
    if package != "pandas" or not isinstance(index, Sized):  # a named tuple of a frame
        return as_frame

    def with_index(answers: pa.Table) -> pd.DataFrame:
        frame = as_frame(answers)
        across = not hasattr(given, "columns") and len(index) != len(frame)  # a series of a row
        frame.index = [getattr(given, "name", 0)] if across else index
        return frame

    return with_index
