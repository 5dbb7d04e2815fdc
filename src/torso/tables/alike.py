"""Answers in the type of the table that was given."""

from __future__ import annotations

from collections.abc import Sized

import pyarrow as pa

__all__ = ["alike"]


def alike(given: object, answers: pa.Table) -> object:
    """Return `answers` as the kind of table that was given; a pandas frame for paths and lists.

    Args:
        given: pandas or polars frame, Arrow table or batch, anything else; a series is a row or a
            column.
        answers: a row for each of its rows. A pandas frame keeps its index.
    """
    if isinstance(given, pa.Table | pa.RecordBatch):
        return answers
    package = type(given).__module__.split(".")[0]
    if package == "polars":
        import polars

        return polars.from_arrow(answers)
    frame = answers.to_pandas(use_threads=answers.num_rows > 4096)  # waking threads costs 2 ms
    index = getattr(given, "index", None)
    if package == "pandas" and isinstance(index, Sized):  # no named tuple of a frame
        is_row = not hasattr(given, "columns") and len(index) != len(
            frame
        )  # a series across columns
        frame.index = [getattr(given, "name", 0)] if is_row else index
    return frame
