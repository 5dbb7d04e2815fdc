"""The nearest of many vectors: by a matrix product, or by a graph of neighbours where there are very many.

The graph is HNSW (Malkov and Yashunin, IEEE TPAMI 2020, https://arxiv.org/abs/1603.09320) as `usearch` builds it. Its
file is read by compiled code, so a file that was not written here, on this disk, is never opened: a `seal` says which
one was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from torso.core.optional import require

__all__ = ["Graph", "exact", "seal"]

_CHUNK = 10_000
_LINKS, _BUILD, _SEARCH = 16, 128, 128
_SPARE = 2
"""Times as many candidates are taken from the graph as are asked for; the best of them by exact scores are kept."""


def exact(vectors: Tensor, question: Tensor, top: int) -> tuple[Tensor, Tensor]:
    """Return the highest inner products, in falling order, and their indices; fewer if there are fewer."""
    nearest = torch.topk(vectors @ question, min(top, len(vectors)))
    return nearest.values, nearest.indices


def seal(file: Path) -> list[int]:
    """Return the identity of this very file: its number on the disk, its last change, its size.

    Nobody can set the time of the last change, so a file that came with somebody else's run has another.
    """
    state = os.stat(file)
    return [state.st_ino, state.st_ctime_ns, state.st_size]


class Graph:
    """Vectors of length 1 by number, as a graph of neighbours.

    Args:
        width: of the vectors.

    Raises:
        MissingDependency: usearch is absent.
    """

    def __init__(self, width: int) -> None:
        self._library = require("usearch.index", extra="search", why="A graph of neighbours")
        self._index = self._library.Index(
            ndim=width,
            metric="ip",
            dtype="f16",
            connectivity=_LINKS,
            expansion_add=_BUILD,
            expansion_search=_SEARCH,
        )

    @classmethod
    def open(cls, file: Path, width: int, *, change: bool = False) -> Graph | None:
        """Return the graph in a file, mapped into memory or, to `change` it, read; None unless it is a graph of this width."""
        graph = cls(width)
        with suppress(RuntimeError, ValueError, OSError):
            (graph._index.load if change else graph._index.view)(str(file))
            if graph._index.ndim == width:
                graph._index.expansion_add, graph._index.expansion_search = _BUILD, _SEARCH
                return graph
        return None

    def __len__(self) -> int:
        return len(self._index)

    def add(
        self,
        labels: np.ndarray,
        vectors: Tensor,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Add float32 vectors `[n, width]` under numbers uint64 `[n]`; `progress` is told `(done, total)`."""
        total = len(labels)
        for start in range(0, total, _CHUNK):
            some = slice(start, min(start + _CHUNK, total))
            values = np.asarray(vectors[some])
            self._index.add(labels[some], values, threads=torch.get_num_threads())
            if progress is not None:
                progress(some.stop, total)

    def remove(self, labels: np.ndarray) -> None:
        """Take away the vectors of these numbers."""
        self._index.remove(labels)

    def save(self, file: Path) -> None:
        """Write the graph; a kill leaves the old file or the new one."""
        draft = file.with_name(f"{file.name}.new")
        self._index.save(str(draft))
        os.replace(draft, file)

    def near(self, question: Tensor, top: int) -> np.ndarray:
        """Return numbers, uint64, among which the `top` nearest are likely to be."""
        matches = self._index.search(np.asarray(question), _SPARE * top, threads=1)
        return np.asarray(matches.keys)
