"""Python processes that only decode: bytes in, arrays out.

A small file costs mostly the interpreter's own work, and threads share one interpreter: two of them quarrel
over its lock and are slower than one. Processes have an interpreter each. They are plain subprocesses with a
pipe each way, not a `multiprocessing` pool: nothing is forked (torch and OpenMP may be loaded), the user's
script is never imported again (so it needs no `if __name__ == "__main__"`), a daemon or a notebook may start
them, and they end by themselves when the pipe does, however the parent ended.

A process that cannot start or dies is no error: its work is handed back.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import numpy as np

from torso.columns.media.budget import BUDGET, TooMuchHere
from torso.columns.media.decoder import Decode, Described
from torso.columns.media.files import MediaError

__all__ = ["Batch", "Decoded", "DecodingProcesses", "decode_or_error", "processes_work"]

Decoded = np.ndarray | Described | MediaError
Batch = list[Decoded | None] | None
"""Results of a process; None in it for a file left to the parent, None alone from a process that died."""
_QUEUED = 2  # batches per process: one under way, the next one waiting
_SINGLE_THREADED = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
_START = "import sys; sys.path[:] = sys.argv[1:]; from torso.columns.media.processes import _work; _work()"
_SIZE_BYTES = 8
_WORKER_LIMIT = 50_000_000  # bytes that a file may take to decode; the parent has one budget for all larger ones


def processes_work() -> bool:
    """Return whether this platform and this interpreter can start another one like it."""
    is_python = Path(sys.executable or "").name.lower().startswith("python")
    return os.name == "posix" and is_python and not getattr(sys, "frozen", False)


def decode_or_error(decode: Decode, data: bytes) -> Decoded:
    """Return the features, or the error that says why there are none."""
    try:
        return decode(data)
    except MediaError as error:
        return error
    except MemoryError:
        return MediaError("more memory needed to decode it than this machine has free")


def _in_worker(decode: Decode, data: bytes) -> Decoded | None:
    """Return the same as `decode_or_error`, or None for a file that the parent has to decode."""
    try:
        return decode_or_error(decode, data)
    except TooMuchHere:
        return None


class DecodingProcesses:
    """Some processes that decode batches of files while the caller does other things.

    Args:
        decode: bytes -> features; raises `MediaError`. If it cannot be pickled, there are no processes.
        number: of processes.

    Example:
        >>> from functools import partial
        >>> from torso.columns.media.images import decode_image
        >>> with DecodingProcesses(partial(decode_image, size=16), number=1) as processes:
        ...     processes.wait()
        ...     [answer] = processes.ask([b"no picture"]).result()
        >>> answer
        MediaError('not a PNG, JPEG, WebP, GIF, BMP or TIFF image')
    """

    def __init__(self, decode: Decode, number: int) -> None:
        try:
            job = pickle.dumps(decode)
        except (pickle.PicklingError, AttributeError, TypeError):
            number = 0
        self._processes = [_Process(job) for _ in range(number)]

    def ask(self, batch: Sequence[bytes]) -> Future[Batch] | None:
        """Hand a batch to the least busy process.

        Returns:
            A future of the results, or of None if the process dies; no future if every process is still
            starting, busy or gone.
        """
        free = [process for process in self._processes if process.free()]
        if not free:
            return None
        return min(free, key=lambda process: process.queued()).ask(batch)

    def wait(self) -> None:
        """Wait until every process has started, or failed to."""
        for process in self._processes:
            process.started.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.stop()


class _Process:
    """One process, and the thread that talks to it."""

    def __init__(self, job: bytes) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="torso-decoding")
        self._futures: list[Future[Batch]] = []
        self._child: subprocess.Popen[bytes] | None = None
        with suppress(OSError):  # no memory, no more processes: as if it had died at once
            self._child = subprocess.Popen(
                [sys.executable, "-c", _START, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_SINGLE_THREADED},
                start_new_session=True,  # Ctrl-C reaches only the parent, who then stops it
            )
        self.started = self._thread.submit(self._exchange, job)

    def free(self) -> bool:
        return self.started.done() and self.started.result() is not None and self.queued() < _QUEUED

    def queued(self) -> int:
        self._futures = [future for future in self._futures if not future.done()]
        return len(self._futures)

    def ask(self, batch: Sequence[bytes]) -> Future[Batch]:
        future = self._thread.submit(self._ask, batch)
        self._futures.append(future)
        return future

    def stop(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._child is None:
            return
        self._child.kill()
        self._child.wait()
        self._thread.shutdown()
        for stream in (self._child.stdin, self._child.stdout):
            assert stream is not None
            with suppress(OSError):  # nobody reads what was still to be written
                stream.close()

    def _ask(self, batch: Sequence[bytes]) -> Batch:
        answer = self._exchange(pickle.dumps(batch))
        results: Batch = None if answer is None else pickle.loads(answer)
        return results

    def _exchange(self, message: bytes) -> bytes | None:
        """Return the answer to a message, None from a dead process."""
        if self._child is None:
            return None
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with suppress(OSError, EOFError):
            _send(self._child.stdin, message)
            return _receive(self._child.stdout)
        return None


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(len(message).to_bytes(_SIZE_BYTES, "little"))
    stream.write(message)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes:
    head = stream.read(_SIZE_BYTES)
    size = int.from_bytes(head, "little")
    message = stream.read(size)
    if len(head) < _SIZE_BYTES or len(message) < size:
        raise EOFError
    return message


def _work() -> None:
    """Decode batches until the parent has no more. This is all that a process does."""
    with os.fdopen(os.dup(0), "rb") as questions, os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # a decoder that prints would garble the answers
        try:
            decode = pickle.loads(_receive(questions))
            BUDGET.restrict(_WORKER_LIMIT)
            _send(answers, b"started")
            while True:
                batch = pickle.loads(_receive(questions))
                results = [_in_worker(decode, data) for data in batch]
                _send(answers, pickle.dumps(results, pickle.HIGHEST_PROTOCOL))
        except (EOFError, BrokenPipeError):
            return
