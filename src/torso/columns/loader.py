"""Batches of tensors, gathered in a background thread while the model works.

Decoded features come from memory or from the cache's files. Gathering a batch is a copy, which releases the
interpreter lock, so one thread is enough to stay ahead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter

import numpy as np
import torch

from torso.columns.dataset import Dataset
from torso.columns.sources import CellFacts, Source
from torso.core.errors import ConfigError
from torso.core.types import Batch, Features

__all__ = ["Loader", "features_of", "gather"]

AHEAD = 3
"""Batches that are prepared while the model works."""


def gather(dataset: Dataset, rows: np.ndarray) -> Batch:
    """Return some rows of a dataset as tensors."""
    inputs = {
        name: features_of(source, rows, dataset.sizes.get(name))
        for name, source in dataset.sources.items()
    }
    targets = {name: torch.from_numpy(target[rows]) for name, target in dataset.targets.items()}
    weights = None if dataset.weights is None else torch.from_numpy(dataset.weights[rows])
    return Batch(inputs, targets, torch.from_numpy(rows), weights)


def features_of(source: Source, rows: np.ndarray, sizes: CellFacts | None = None) -> Features:
    """Return some rows of a modality as tensors, with the sizes of whole cells where they are given."""
    values, mask = source.batch(rows)
    return Features(
        torch.from_numpy(values),
        torch.from_numpy(mask),
        source.encoded,
        None if sizes is None else torch.from_numpy(sizes.values[rows]),
    )


class Loader:
    """Iterates over some rows of a dataset, once per `for`.

    Several processes that train one model go through the same batches: each one sees every `world`-th row of a
    batch, so together they see each row once, and the number of processes does not change the training.

    Args:
        dataset: the table laid out.
        rows: positions of the rows to visit.
        batch_size: rows per batch, over all processes.
        shuffle: True for a new order in each pass, drawn from `seed` and the number of the pass.
        seed: of the order.
        process: number of this process, from 0, and number of processes.

    Attributes:
        passes: passes begun so far; set it to resume in the middle of a training.
        waited: seconds for which the consumer waited for a batch, in the pass under way or just ended.

    Raises:
        ConfigError: there are fewer rows, or rows per batch, than processes.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: np.ndarray,
        *,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        process: tuple[int, int] = (0, 1),
    ) -> None:
        self.dataset = dataset
        self.rows = rows
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.process = process
        self.passes = 0
        self.waited = 0.0
        if process[1] > 1 and len(rows) < process[1]:
            raise ConfigError(
                f"Each of {process[1]} processes needs a row. Found {len(rows)} to {'learn from' if shuffle else 'judge by'}. "
                "Use fewer processes."
            )
        if process[1] > 1 and batch_size < process[1]:
            raise ConfigError(
                f"Each of {process[1]} processes needs a row of every batch. Found batches of {batch_size}. Use fewer "
                "processes or a larger `training.batch_size`."
            )

    def __len__(self) -> int:
        whole, rest = divmod(len(self.rows), self.batch_size)
        return whole + (rest >= self.process[1])  # too few rows for a batch go into the one before

    def __iter__(self) -> Iterator[Batch]:
        order = self.rows
        if self.shuffle:
            order = np.random.default_rng((self.seed, self.passes)).permutation(order)
        self.dataset.turn(self.passes)
        self.passes += 1
        self.waited = 0.0
        steps = iter(range(len(self)))
        with ThreadPoolExecutor(1, thread_name_prefix="torso-loader") as pool:
            coming: deque[Future[Batch]] = deque()

            def ask() -> None:
                step = next(steps, None)
                if step is not None:
                    coming.append(pool.submit(gather, self.dataset, self._rows_of(step, order)))

            for _ in range(AHEAD):
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

    def positions(self) -> np.ndarray:
        """Return the position in a pass of the rows that all processes visit, those of one after those of another."""
        order = np.arange(len(self.rows))
        world = self.process[1]
        stripes = [
            self._stripe(step, order, rank) for rank in range(world) for step in range(len(self))
        ]
        return np.concatenate(stripes) if stripes else order

    def _rows_of(self, step: int, order: np.ndarray) -> np.ndarray:
        """Return this process's rows of a batch."""
        return self._stripe(step, order, self.process[0])

    def _stripe(self, step: int, order: np.ndarray, rank: int) -> np.ndarray:
        """Return the rows of a batch that a process has."""
        start = step * self.batch_size
        stop = len(order) if step == len(self) - 1 else start + self.batch_size
        return order[start + rank : stop : self.process[1]]
