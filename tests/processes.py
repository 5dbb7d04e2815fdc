"""Processes of Python for tests, forked from one that has torch and Torso in memory: importing them takes seconds.

A test whose subject is what an interpreter imports, or from where, starts its own with `subprocess`.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from unittest import mock

from tests.places import ROOT, SOURCE

PATHS = os.pathsep.join([str(SOURCE), str(ROOT)])
ENDS_WITHIN = 300  # seconds


class Started:
    """A process: `words` are what follows `python` on a command line, `-m MODULE …` or `-c CODE …`.

    Args:
        words: the command line.
        folder: where it is run.
        environment: variables beside those of this process.
    """

    def __init__(
        self, *words: object, folder: Path = ROOT, environment: Mapping[str, str] | None = None
    ) -> None:
        handle, said = tempfile.mkstemp(prefix="torso-said-")
        os.close(handle)
        self._said = Path(said)
        variables = {**os.environ, "PYTHONPATH": PATHS, **(environment or {})}
        self._process = forks().Process(
            target=run, args=([*map(str, words)], str(folder), variables, said)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def said(self) -> str:
        """What it has written so far."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while it runs."""
        return self._process.exitcode

    def kill(self) -> int:
        """End it, and all that it started, as a system without memory would; return its status."""
        os.killpg(self.pid, 9)
        return self.wait()[0]

    def wait(self) -> tuple[int, str]:
        """Return the exit status, and what it wrote to standard output and error."""
        self._process.join(ENDS_WITHIN)
        status = self.poll()
        assert status is not None, f"still running after {ENDS_WITHIN} s"
        said = self._said.read_text(encoding="utf-8", errors="replace")
        self._said.unlink()
        return status, said


def start_two(module: str, *arguments: str) -> list[Started]:
    """Start `python -m module RANK ARGUMENTS` for the ranks 0 and 1."""
    return [Started("-m", module, rank, *arguments) for rank in (0, 1)]


def wait_for(running: Sequence[Started]) -> None:
    """Wait until all have ended; fail with what those wrote that failed."""
    ends = [process.wait() for process in running]
    assert [status for status, _ in ends] == [0] * len(ends), "\n".join(said for _, said in ends)


@cache
def forks() -> ForkServerContext:
    """Return a server that has imported torch and Torso once; it ends with this process."""
    context = get_context("forkserver")  # the first optimizer imports dynamo
    context.set_forkserver_preload(
        ["torch._dynamo", "optuna", "torso.app.cli", "torso.runs.fit", "torso.estimator"]
    )
    from multiprocessing.forkserver import ensure_running

    with mock.patch.dict(os.environ, {"PYTHONPATH": PATHS}):
        ensure_running()
    return context


def run(words: list[str], folder: str, variables: dict[str, str], said: str) -> None:
    """Do in a forked process what `python WORDS` does in a new one."""
    os.setsid()  # `kill` means its children, too
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # ignored where tests run behind a shell's `&`
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    stream = os.open(said, os.O_WRONLY | os.O_APPEND)
    sys.stdout.flush()
    for number in (1, 2):
        os.dup2(stream, number)
    sys.path[:] = list(dict.fromkeys(["", *PATHS.split(os.pathsep), *sys.path]))
    how, what, *rest = words
    sys.argv = [how, *rest]
    try:
        if how == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
