"""Fits in processes of their own, which are killed while they write, or interrupted while they learn.

`python -m tests.runs.kill_worker FOLDER` forks for each of them, and prints how they ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torso
import torso.app.cli
import torso.runs.fit
from tests import small_tables as tables

SETTINGS = {**tables.TINY, "inputs.note": None, "inputs.shop": None, "training.epochs": 2}
CHANGES = (2, 26)
"""Files that are in their places when the kill comes: before the first epoch, and among the results."""


def main(folder: Path) -> dict[str, object]:
    """Return `killed`: the exit statuses; and `interrupted`: that of Ctrl-C in the first epoch, with its last line."""
    table = tables.write(folder / "table.csv", tables.plain())
    killed = [ended(forked(lambda n=changes: killed_fit(table, n))) for changes in CHANGES]
    long = tables.write(folder / "long.csv", tables.plain(800))
    return {"killed": killed, "interrupted": interrupted(long, folder / "interrupted")}


def killed_fit(table: Path, changes: int) -> None:
    """Fit, and be killed when `changes` files have been put in their places."""
    replace, left = os.replace, iter(range(changes))

    def step(source, target):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)

    os.replace = step
    torso.fit(table, ["price"], out=table.parent / f"killed{changes}", settings=SETTINGS)


def interrupted(table: Path, out: Path) -> list[object]:
    """Press Ctrl-C in the first epoch of `torso fit`."""
    error = out.with_suffix(".err")

    def command() -> None:
        os.dup2(os.open(error, os.O_CREAT | os.O_WRONLY), 2)
        settings = tables.options({**SETTINGS, "training.batch_size": 1})
        os._exit(tables.torso("fit", table, "-t", "price", "-o", out, *settings))

    child = forked(command)
    log, until = out / "log.jsonl", time.monotonic() + 60
    while time.monotonic() < until and not (log.exists() and '"start"' in log.read_text()):
        time.sleep(0.01)
    os.kill(child, signal.SIGINT)
    return [ended(child), error.read_text().strip().splitlines()[-1]]


def forked(action: Callable[[], None]) -> int:
    """Do something in a process of its own; return the process."""
    if child := os.fork():
        return child
    try:
        action()
    finally:
        os._exit(0)


def ended(child: int) -> int:
    """Return the exit status of a process, which is negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
