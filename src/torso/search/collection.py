"""A folder or a table with known vectors, for many searches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from torso.core.errors import ConfigError
from torso.search.corpus import Corpus
from torso.search.nearest import Graph, exact
from torso.search.space import Space, single_question
from torso.search.store import Vectors
from torso.tables.alike import as_frame, require_pandas
from torso.tables.table import Table

__all__ = ["Collection"]


@dataclass(frozen=True, eq=False)
class Collection:
    """Things of one modality with their vectors.

    Attributes:
        space: of the vectors.
        modality: of the things.
        corpus: where they lie.
        table: a row for each of them.
        slots: int64 `[rows]`, where each row's vector stands in `vectors`; -1 if it has none.
        vectors: of the things.
        graph: of the vectors; None for exact search.
        notes: what a person should know: what was new, gone, unreadable.
    """

    space: Space
    modality: str
    corpus: Corpus
    table: Table
    slots: np.ndarray
    vectors: Vectors
    graph: Graph | None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int((self.slots >= 0).sum())

    @cached_property
    def _rows(self) -> np.ndarray:
        """Rows in the order of their slots."""
        return np.argsort(self.slots, kind="stable")

    @cached_property
    def _sorted(self) -> np.ndarray:
        """Slots in the order of their numbers in the graph."""
        return np.argsort(self.vectors.labels)

    def search(
        self,
        *,
        text: str | None = None,
        image: str | Path | None = None,
        audio: str | Path | None = None,
        by: str | None = None,
        top: int = 10,
        as_arrow: bool = False,
    ) -> Any:
        """Return the best matches of a question, the likeliest first.

        Args:
            text: asks with a text.
            image: asks with a picture: a file.
            audio: asks with a recording: a file.
            by: modality of the question, where the target has several of its form.
            top: answers at most.
            as_arrow: return an Arrow table instead of a pandas frame.

        Returns:
            `rank` from 1, `score` (cosine similarity, at most 1), and `path`, or the row's number and columns.

        Raises:
            ConfigError: not one question, or one that the target does not know.
            DataError: the question cannot be read.
            MissingDependency: a pandas frame is asked for, and pandas is absent.
        """
        if not as_arrow:
            require_pandas("A frame of matches (an Arrow table comes by as_arrow=True)")
        form, question = single_question({"text": text, "image": image, "audio": audio})
        if top < 1:
            raise ConfigError(f"`top` should be at least 1. Found {top}.")
        vector = self.space.question_vector(self.space.asking(form, by), question)
        scores, rows = self.nearest(vector, top)
        answers = pa.table(
            {
                "rank": pa.array(np.arange(1, len(rows) + 1)),
                "score": pa.array(scores),
                **self.corpus.describe(self.table, rows),
            }
        )
        return answers if as_arrow else as_frame(answers)

    def nearest(self, vector: Tensor, top: int) -> tuple[np.ndarray, np.ndarray]:
        """Return scores, float32, in falling order, and the rows they are of, for a vector `[width]`."""
        if self.graph is None:
            scores, slots = exact(self.vectors.values, vector, top)
        else:
            near = self._slots_of(self.graph.near(vector, top))
            scores, offsets = exact(self.vectors.values[near], vector, top)
            slots = near[offsets]
        in_order = self.slots[self._rows]
        first = np.searchsorted(in_order, slots.numpy(), side="left")
        last = np.searchsorted(in_order, slots.numpy(), side="right")
        rows = [self._rows[a:b] for a, b in zip(first, last, strict=True)]
        each = np.repeat(scores.numpy(), last - first)[:top]
        return each, np.concatenate([np.zeros(0, np.int64), *rows])[:top]

    def _slots_of(self, labels: np.ndarray) -> Tensor:
        """Return where the vectors of a graph's numbers stand."""
        known = self.vectors.labels
        offsets = np.searchsorted(known, labels, sorter=self._sorted).clip(max=len(known) - 1)
        slots = self._sorted[offsets]
        return torch.from_numpy(slots[known[slots] == labels])
