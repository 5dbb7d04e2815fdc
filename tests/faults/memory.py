"""The memory and the time that a job takes, measured in a process of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tests.processes import forks

MB = 1e6


@dataclass(frozen=True)
class Measured:
    """What a job did: its answer or the text of its error, the peak above its start in MB, its CPU seconds."""

    answer: object
    peak: float
    seconds: float


def measured(job: Callable[..., object], *arguments: object) -> Measured:
    """Return what `job(*arguments)` took in a process that is forked for it; both must be picklable."""
    ours, theirs = forks().Pipe(duplex=False)
    process = forks().Process(target=_measure, args=(theirs, job, arguments))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        process.join()
        return Measured(f"ended with {process.exitcode}", 0.0, 0.0)
    finally:
        process.join()


def _measure(
    answers: Connection, job: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    start, began = _held("VmRSS"), time.process_time()
    try:
        answer = job(*arguments)
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    seconds, peak = time.process_time() - began, _held("VmHWM")
    answers.send(Measured(answer, peak - start, seconds))


def _held(what: str) -> float:
    """Return the MB that this process holds, `VmRSS` now or `VmHWM` at its peak."""
    status = Path("/proc/self/status").read_text()
    [kilobytes] = re.findall(rf"{what}:\s+(\d+) kB", status)
    return int(kilobytes) * 1024 / MB
