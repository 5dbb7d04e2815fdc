"""Which things belong together: pictures, texts and sounds of one row, found by each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import pyarrow as pa

from torso.columns.cells import texts
from torso.columns.inputs import Input
from torso.columns.reading import Reading
from torso.core.errors import ConfigError, DataError, unknown
from torso.tables.table import Column
from torso.tasks._base.target import Facts, Target

__all__ = ["RetrievalTarget"]


class RetrievalTarget(Target, name="retrieval", head="contrastive"):
    """Modalities of one row belong together, so no labels are needed.

    With `column`, rows with the same cell there are about the same thing, so that each finds the others' too, and a row
    with an empty cell has no label.

    Args:
        between: modalities to bring together; None: all.
    """

    free = True

    def __init__(self, between: Sequence[str] | None = None) -> None:
        self.between = None if between is None else [str(name) for name in between]

    def bind(self, task: str, inputs: Mapping[str, Input]) -> None:
        """Settle which modalities are meant.

        Raises:
            ConfigError: fewer than two, one named twice, or one that is no input.
        """
        between = list(inputs) if self.between is None else self.between
        for name in between:
            if name not in inputs:
                raise ConfigError(f"`targets.{task}.between`: {unknown('input', name, [*inputs])}")
        if len(set(between)) < max(2, len(between)):
            raise ConfigError(
                f"`targets.{task}.between` should name two inputs or more, each once. Found {between}."
            )
        self.between = between

    def fit(self, column: Column) -> None:
        """Check that there are two things at least, where a column says which.

        Raises:
            DataError: the training rows are all about one thing.
        """
        if pa.types.is_null(column.values.type):
            return
        things = texts(column).drop_null().unique()
        if len(things) < 2:
            raise DataError(
                f"{column.table}, column {column.name!r}: a retrieval target should tell two things apart among the "
                f"training rows. Found {things.to_pylist()}. Leave it out of the targets, or "
                "take `column` away if every row is about another thing."
            )

    def encode(self, column: Column, reading: Reading) -> np.ndarray:  # noqa: ARG002
        """Return int64 `[rows]`: a number for each thing, the same in rows about the same; -1 where unknown."""
        if pa.types.is_null(column.values.type):
            return np.arange(len(column))
        codes = texts(column).dictionary_encode().indices
        return np.asarray(codes.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)

    def missing(self, rows: int) -> np.ndarray:
        """Return -1 for every row."""
        return np.full(rows, -1, dtype=np.int64)

    def offered(self) -> Facts:
        """Offer the modalities' names."""
        return {"between": self.between}

    @property
    def names(self) -> list[str]:
        """The directions of search."""
        return [f"{asked} → {answered}" for asked, answered in permutations(self.between or (), 2)]

    def columns(
        self,
        task: str,
        prediction: np.ndarray,
        details: Mapping[str, np.ndarray],  # noqa: ARG002
    ) -> dict[str, pa.Array]:
        """Return `task_MODALITY`, a list of float32 of length 1 per row, null where the row lacks the modality."""
        out = {}
        for place, name in enumerate(self.between or ()):
            vectors = prediction[:, place].astype(np.float32)
            lists = pa.FixedSizeListArray.from_arrays(
                pa.array(vectors.ravel()),
                vectors.shape[1],
                mask=pa.array(~vectors.any(axis=1)),
            )
            out[f"{task}_{name}"] = lists
        return out
