"""Files become features on all cores, in the order of the cells.

The best way depends on the files, so the first few are timed. Large ones are decoded by threads, since
decoders release the interpreter lock. Small ones are mostly the interpreter's own work: many of them are worth
processes of their own, which start while this one goes on decoding; a few are decoded here.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Generic, TypeVar

from torso.columns.media.decoder import Decode
from torso.columns.media.files import MediaError
from torso.columns.media.processes import (
    Batch,
    Decoded,
    DecodingProcesses,
    decode_or_error,
    processes_work,
)

__all__ = ["Loaded", "decode_files"]

_PROBE = 8  # files that are timed
_WORTH_A_THREAD = 0.0005  # seconds per file
_WORTH_PROCESSES = 0.4  # seconds for all files; a process starts in about 0.15
_MOST_PROCESSES = 7  # small files feed no more
_GROUP, _GROUP_BYTES = 32, 1 << 20  # files and bytes that a process is handed at once


Task = TypeVar("Task")
Note = TypeVar("Note")


@dataclass(frozen=True)
class Loaded(Generic[Note]):
    """A file before it is decoded.

    Attributes:
        data: its bytes; None if there is nothing to decode; the reason if it cannot be read.
        note: handed back to the caller with the result.
    """

    data: bytes | MediaError | None
    note: Note


_Load = Callable[[Task], Loaded[Note]]
_Result = tuple[Loaded[Note], Decoded | None]


def decode_files(
    tasks: Sequence[Task], load: _Load[Task, Note], decode: Decode
) -> Generator[_Result[Note], None, None]:
    """Yield each task's `Loaded` with its features, or with the error or None that it was loaded with.

    Args:
        tasks: arguments of `load`, one per file.
        load: reads a file; may be called by several threads.
        decode: bytes -> features; raises `MediaError`. If it can be pickled, processes may call it.
    """
    timings = []
    for task in tasks[:_PROBE]:
        began = perf_counter()
        result = _result(load(task), decode)
        timings.append(perf_counter() - began)
        yield result
    rest = tasks[_PROBE:]
    if not rest:
        return
    cores = _cores()
    # The median, since the first file of all also pays for importing the decoder.
    seconds = median(timings) if timings else 0.0
    if cores > 1 and seconds >= _WORTH_A_THREAD:
        yield from _by_threads(rest, load, decode, cores)
    elif cores > 1 and seconds * len(rest) >= _WORTH_PROCESSES and processes_work():
        yield from _by_processes(rest, load, decode, min(cores - 1, _MOST_PROCESSES))
    else:
        yield from (_result(load(task), decode) for task in rest)


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _result(loaded: Loaded[Note], decode: Decode) -> _Result[Note]:
    data = loaded.data
    return loaded, decode_or_error(decode, data) if isinstance(data, bytes) else data


def _by_threads(
    tasks: Sequence[Task], load: _Load[Task, Note], decode: Decode, cores: int
) -> Iterator[_Result[Note]]:
    def run(group: Sequence[Task]) -> list[_Result[Note]]:
        return [_result(load(task), decode) for task in group]

    ahead: deque[Future[list[_Result[Note]]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        try:
            for start in range(0, len(tasks), _PROBE):
                ahead.append(pool.submit(run, tasks[start : start + _PROBE]))
                if len(ahead) > 4 * cores:
                    yield from ahead.popleft().result()
            while ahead:
                yield from ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _by_processes(
    tasks: Sequence[Task], load: _Load[Task, Note], decode: Decode, number: int
) -> Iterator[_Result[Note]]:
    """Feed `number` processes, and decode a group here whenever they all have enough to do."""
    ahead: deque[tuple[list[Loaded[Note]], Future[Batch]]] = deque()
    with DecodingProcesses(decode, number) as processes:
        for group in _groups(tasks, load):
            batch = [loaded.data for loaded in group if isinstance(loaded.data, bytes)]
            ahead.append((group, processes.ask(batch) or _done(decode, batch)))
            while ahead and (ahead[0][1].done() or len(ahead) > 4 * (number + 1)):
                yield from _answered(*ahead.popleft(), decode)
        while ahead:
            yield from _answered(*ahead.popleft(), decode)


def _groups(tasks: Sequence[Task], load: _Load[Task, Note]) -> Iterator[list[Loaded[Note]]]:
    group: list[Loaded[Note]] = []
    size = 0
    for task in tasks:
        group.append(load(task))
        data = group[-1].data
        size += len(data) if isinstance(data, bytes) else 0
        if len(group) == _GROUP or size >= _GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _done(decode: Decode, batch: Sequence[bytes]) -> Future[Batch]:
    future: Future[Batch] = Future()
    future.set_result([decode_or_error(decode, data) for data in batch])
    return future


def _answered(
    group: Sequence[Loaded[Note]], answer: Future[Batch], decode: Decode
) -> Iterator[_Result[Note]]:
    features = answer.result()
    if features is None:  # the process died: its files are decoded here
        yield from (_result(loaded, decode) for loaded in group)
        return
    decoded = iter(features)
    for loaded in group:
        result = next(decoded) if isinstance(loaded.data, bytes) else loaded.data
        if result is None and loaded.data is not None:  # more memory than a process may take
            result = _result(loaded, decode)[1]
        yield loaded, result
