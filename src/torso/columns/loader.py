"""Batches of tensors, gathered in a background thread so that the model does not wait.

Decoded features come from memory or from memory-mapped files; gathering a batch is a copy, which lets go of
the interpreter lock, so one thread is enough to stay ahead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter

import numpy as np
import torch

from torso.columns.dataset import Dataset
from torso.columns.sources import Source
from torso.core.types import Batch, Features

__all__ = ["Loader", "features_of", "gather"]


def gather(dataset: Dataset, rows: np.ndarray) -> Batch:
    """Return some rows of a dataset as tensors."""
    inputs = {name: features_of(source, rows) for name, source in dataset.sources.items()}
    targets = {name: torch.from_numpy(target[rows]) for name, target in dataset.targets.items()}
    return Batch(inputs, targets, torch.from_numpy(rows))


def features_of(source: Source, rows: np.ndarray) -> Features:
    """Return some rows of a modality as tensors."""
    values, mask = source.batch(rows)
    return Features(torch.from_numpy(values), torch.from_numpy(mask), source.encoded)


class Loader:
    """Iterates over some rows of a dataset, once per `for`.

    Args:
        dataset: the table laid out.
        rows: positions of the rows to visit.
        batch_size: rows per batch.
        shuffle: whether each pass has a new order, drawn from `seed` and the number of the pass.
        seed: of the order.
        ahead: batches that are prepared while the model works.

    Attributes:
        passes: passes begun so far; set it to resume in the middle of a training.
        waited: seconds for which the consumer waited for a batch, in the pass under way or just ended.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: np.ndarray,
        *,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        ahead: int = 3,
    ) -> None:
        self.dataset = dataset
        self.rows = rows
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.ahead = ahead
        self.passes = 0
        self.waited = 0.0

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        order = self.rows
        if self.shuffle:
            order = np.random.default_rng((self.seed, self.passes)).permutation(order)
        self.dataset.turn(self.passes)
        self.passes += 1
        self.waited = 0.0
        starts = iter(range(0, len(order), self.batch_size))
        with ThreadPoolExecutor(1, thread_name_prefix="torso-loader") as pool:
            coming: deque[Future[Batch]] = deque()

            def ask() -> None:
                start = next(starts, None)
                if start is not None:
                    rows = order[start : start + self.batch_size]
                    coming.append(pool.submit(gather, self.dataset, rows))

            for _ in range(self.ahead):
                ask()
            try:
                while coming:
                    began = perf_counter()
                    batch = coming.popleft().result()
                    self.waited += perf_counter() - began
                    ask()
                    yield batch
            finally:
                for future in coming:
                    future.cancel()
