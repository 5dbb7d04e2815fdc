"""Pieces of a table that are answered side by side, one thread each, where a piece's operators are small.

PyTorch gives every operator all cores. To wake them costs more than it saves where operators are small
(`torso.training.threads`), and a great deal where other work runs on the cores. A piece per core has no such cost.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from torso.runs.predicting.answering import Answering

__all__ = ["in_order", "workers_for"]

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")
_MOST = 8  # pieces that are in memory at once


@contextmanager
def workers_for(run: Answering) -> Iterator[int]:
    """Yield the number of pieces to answer side by side; inside the block operators take one thread if there are several.

    Args:
        run: one that reads files answers a piece at a time, with all cores for its operators.
    """
    if any(kind.in_files for kind in run.schema.inputs.values()):
        yield 1
        return
    model = getattr(run, "model", None) if "model" in vars(run) else None
    if model is None:  # an export, which knows no torch
        yield min(_MOST, os.cpu_count() or 1)
        return
    import torch

    from torso.training.threads import operator_threads

    if next(model.parameters()).device.type != "cpu":
        yield 1
        return
    usual = torch.get_num_threads()
    with operator_threads(1):
        yield min(_MOST, usual)


def in_order(
    work: Callable[[Piece], Answer], pieces: Iterator[Piece], workers: int
) -> Iterator[Answer]:
    """Yield the results for pieces in their order; no more pieces are taken than there are workers, and one."""
    if workers == 1:
        yield from map(work, pieces)
        return
    coming: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="torso-piece") as pool:
        try:
            for piece in pieces:
                coming.append(pool.submit(work, piece))
                if len(coming) > workers:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for future in coming:
                future.cancel()
