"""Processes that train trials of one search beside each other; they meet in the journal.

They are started anew instead of forked, since torch and OpenMP may be loaded, and end with the process that started them:
when the pipe on their standard input closes.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import sleep

from torso.core.errors import RunError
from torso.runs.preparing.prepared import Prepared
from torso.studies.tune.search import Search

__all__ = ["Shift", "try_with_workers"]

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_START = "import sys; sys.path[:] = sys.argv[2:]; from torso.studies.tune.workers import _work; _work(sys.argv[1])"
_LOOK_SECONDS = 0.3


@dataclass(frozen=True)
class Shift:
    """Work of one process.

    Attributes:
        prepared: the rows.
        search: the request.
        journal: where trials are kept.
        count: trials to train.
        worker: number of the process, from 1.
    """

    prepared: Prepared
    search: Search
    journal: Path
    count: int
    worker: int


def try_with_workers(shifts: list[Shift], told: Callable[[], None]) -> None:
    """Train trials in as many processes as there are shifts, and wait for them.

    Args:
        shifts: one per process.
        told: called now and then.

    Raises:
        RunError: a process died.
    """
    folder = shifts[0].journal.parent
    running: list[tuple[subprocess.Popen[bytes], Path]] = []
    try:
        for shift in shifts:
            errors = folder / f"worker-{shift.worker}.log"
            running.append((_started(shift, errors), errors))
        while any(process.poll() is None for process, _ in running):
            told()
            sleep(_LOOK_SECONDS)
        told()
    finally:
        for process, _ in running:
            with suppress(OSError):
                process.kill()
            process.wait()
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()
    for process, errors in running:
        if process.returncode:
            last = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise RunError(
                f"A worker ended with status {process.returncode}: {(last or ['it said nothing'])[-1]:.200} What it "
                "had finished is kept. Go on with one: --workers 1"
            )
        errors.unlink(missing_ok=True)


def _started(shift: Shift, errors: Path) -> subprocess.Popen[bytes]:
    content = pickle.dumps(shift, pickle.HIGHEST_PROTOCOL)
    with errors.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(len(content)), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
            start_new_session=True,  # Ctrl-C is the first process's to handle
        )
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(content)
        process.stdin.flush()
    return process


def _work(length: str) -> None:
    """Train the trials of the shift on standard input. This is all that a process does."""
    with os.fdopen(os.dup(0), "rb", buffering=0) as stream:
        content = b""
        while len(content) < int(length):
            content += stream.read(int(length) - len(content))
    shift: Shift = pickle.loads(content)
    Thread(target=_end_with_parent, daemon=True).start()

    from torso.studies.tune.journal import check_optuna, opened, study_of
    from torso.studies.tune.search import try_settings

    check_optuna()
    study = study_of(opened(shift.journal))
    study.pruner = shift.search.pruner(shift.prepared.config.training.epochs)
    try_settings(shift.prepared, shift.search, study, shift.count, worker=shift.worker)


def _end_with_parent() -> None:
    while os.read(0, 1):  # until the pipe closes
        pass
    os._exit(0)
