"""Cases tried in forked children: a case that ends its process, hangs or takes all memory ends only that child."""

from __future__ import annotations

import faulthandler
import gc
import json
import mmap
import os
import random
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from .border import Border

__all__ = ["CPU_SECONDS", "MEMORY", "Failure", "Result", "tried", "tried_alone"]

CPU_SECONDS = 10.0
"""CPU time after which a case hangs."""
_DEAF_SECONDS = 15.0
"""CPU time after which a case is ended that is in code which lets no signal through."""
_WALL_SECONDS = 300.0
"""A case that waits as long hangs too; a child that other work keeps from the processor does not wait as long."""
MEMORY = 500 << 20
"""Bytes that a child may take beyond what it starts with."""
_IN_ONE_CHILD = 5_000
_SHARED = struct.Struct(
    "qqdd"
)  # number of the case, cases read, its start by the clock and in CPU time


class Hang(BaseException):
    """A case takes longer than `CPU_SECONDS`."""


@dataclass(frozen=True)
class Failure:
    """A case that should have been read or refused.

    Attributes:
        number: of the case.
        sign: error and line, the same for the same fault.
        told: last lines of the traceback.
    """

    number: int
    sign: str
    told: str


@dataclass
class Result:
    """Cases of one border: tried, read without an error, and the failures."""

    cases: int
    read: int
    failures: list[Failure]
    seconds: float


def tried(
    border: Border, name: str, seed: int, *, cases: int | None, seconds: float | None
) -> Result:
    """Try cases 0, 1, 2, … until there are as many, or the time is up."""
    begun = time.monotonic()
    until = float("inf") if seconds is None else begun + seconds
    result, number = Result(0, 0, [], 0.0), 0
    while (cases is None or number < cases) and time.monotonic() < until:
        end = number + _IN_ONE_CHILD if cases is None else min(cases, number + _IN_ONE_CHILD)
        numbers = range(number, end)
        done, read, failures = _in_child(border, name, seed, numbers, until)
        result.failures += failures
        result.read += read
        number = result.cases = done
    result.seconds = time.monotonic() - begun
    return result


def tried_alone(border: Border, case: bytes) -> str:
    """Return the sign of a case's failure in a child of its own; empty if it is none."""
    alone = Border(border.call, [case], _as_it_is, allowed=border.allowed)
    _, _, failures = _in_child(alone, "", 0, range(1), float("inf"))
    return failures[0].sign if failures else ""


def _as_it_is(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    del draw
    return corpus[0]


def _in_child(
    border: Border, name: str, seed: int, numbers: range, until: float
) -> tuple[int, int, list[Failure]]:
    """Return the number after the last case, how many were read, and the failures."""
    shared = mmap.mmap(-1, _SHARED.size)
    shared[:] = _SHARED.pack(numbers.start, 0, time.monotonic(), 0.0)
    told, tell = os.pipe()
    sys.stdout.flush()
    gc.freeze()  # a collection would copy all pages that the child shares with its parent
    child = os.fork()
    if child == 0:
        os.close(told)
        try:
            _work(border, name, seed, numbers, until, shared, tell)
        except BaseException:
            traceback.print_exc()
            os._exit(70)
        os._exit(0)
    os.close(tell)
    status, stuck, lines = _watched(child, told, shared)
    number, read, *_ = _SHARED.unpack(shared[:])
    failures = [Failure(**json.loads(line)) for line in lines]
    if stuck or os.WIFSIGNALED(status) or os.WEXITSTATUS(status):
        how = "no end" if stuck else "ended with " + _ending(status)
        failures.append(Failure(number, f"{how}", how))
        number += 1
    return number, read, failures


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"status {os.WEXITSTATUS(status)}"


def _watched(child: int, told: int, shared: mmap.mmap) -> tuple[int, bool, list[bytes]]:
    """Wait for a child, and end it if one case takes too long; return status, whether it hung, its lines."""
    os.set_blocking(told, False)
    text, stuck = b"", False
    while True:
        text += _read(told)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if not stuck and _is_stuck(child, shared):
            stuck = True
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)
    text += _read(told)
    os.close(told)
    return status, stuck, text.splitlines()


def _is_stuck(child: int, shared: mmap.mmap) -> bool:
    _, _, begun, before = _SHARED.unpack(shared[:])
    if time.monotonic() - begun < _DEAF_SECONDS:
        return False
    spent = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]
    cpu = sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")
    return cpu - before > _DEAF_SECONDS or time.monotonic() - begun > _WALL_SECONDS


def _read(pipe: int) -> bytes:
    text = b""
    while True:
        try:
            piece = os.read(pipe, 1 << 16)
        except BlockingIOError:
            return text
        if not piece:
            return text
        text += piece


def _work(
    border: Border,
    name: str,
    seed: int,
    numbers: range,
    until: float,
    shared: mmap.mmap,
    tell: int,
) -> None:
    faulthandler.disable()
    signal.signal(signal.SIGPROF, _too_long)
    limit = _data_bytes() + MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stderr.flush()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # decoders print there
    os.dup2(quiet, 1)
    read = 0
    for number in _until(numbers, until):
        shared[:] = _SHARED.pack(number, read, time.monotonic(), time.process_time())
        try:
            case = border.case(name, seed, number)
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            read += border.try_case(case)
        except BaseException as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            _tell(tell, Failure(number, sign_of(error), _told(error)))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        shared[:] = _SHARED.pack(number + 1, read, time.monotonic(), time.process_time())


def _until(numbers: range, until: float) -> Iterator[int]:
    for number in numbers:
        if time.monotonic() >= until:
            return
        yield number


def _too_long(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Hang(f"more than {CPU_SECONDS:g} CPU seconds")


def _data_bytes() -> int:
    """Return the bytes that `RLIMIT_DATA` counts."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmData")) << 10


def sign_of(error: BaseException) -> str:
    """Return the error's type and the innermost lines of Torso's code, the same for the same fault."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/torso/" in frame.filename]
    last = own[-1] if own else frames[-1] if frames else None
    line = "" if last is None else f" at {last.filename.split('/src/')[-1]}:{last.lineno}"
    return f"{type(error).__name__}{line}"


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, limit=-6))[-3000:]


def _tell(pipe: int, failure: Failure) -> None:
    os.set_blocking(pipe, True)
    os.write(pipe, json.dumps(failure.__dict__).encode() + b"\n")
