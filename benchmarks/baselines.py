"""Cost of a run's honest baselines, as a multiple of its own fit: the demo's table, or any other.

    OMP_NUM_THREADS=1 python benchmarks/baselines.py --demo demo-run            # after `torso demo`
    OMP_NUM_THREADS=1 python benchmarks/baselines.py --demo demo-run --rows 400 --epochs 6

Both are timed from the table to the result, reading included: CPU seconds of this process and of its workers, and wall
time, which says little on a machine that others use. With two cores that are free, the wall time of the baselines is about
half of their CPU seconds.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeVar

import torso
from torso.app.demo import SETTINGS
from torso.runs.folder.json_files import write_json

RESULTS = Path(__file__).parent / "results" / "baselines.json"
TARGETS = ["digit", "parity", "ink"]
Result = TypeVar("Result")


def main() -> None:
    """Fit, train the baselines, write both costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, required=True, help="folder that `torso demo` wrote")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--rows", type=int, help="only the first rows of the table")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    data = (asked.demo / "data").resolve()
    settings = [*SETTINGS, f"training.epochs={asked.epochs}", "folds=0", f"data.root=[{data}]"]
    with TemporaryDirectory() as scratch:
        folder, table = Path(scratch) / "run", Path(scratch) / "table.csv"
        lines = (data / "table.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        table.write_text("".join(lines if asked.rows is None else lines[: asked.rows + 1]))
        _, fit = timed(
            lambda: torso.fit(table, TARGETS, out=folder, settings=settings, progress=False)
        )
        study, baselines = timed(lambda: torso.baselines(folder, workers=asked.workers))
    write_json(
        asked.out,
        {
            "command": shlex.join(["python", "benchmarks/baselines.py", *sys.argv[1:]]),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}",
            "torso": torso.__version__,
            "fit": fit,
            "baselines": baselines,
            "ratio": {name: round(baselines[name] / fit[name], 2) for name in fit},
            "cpu_seconds": {own.name: round(own.cpu_seconds, 1) for own in study.baselines},
            "verdicts": {
                own.name: {task: beside.verdict for task, beside in own.tasks.items()}
                for own in study.baselines
            },
        },
    )


def timed(action: Callable[[], Result]) -> tuple[Result, dict[str, float]]:
    """Return a result with the CPU seconds, those of ended child processes too, and the wall time behind it."""
    began, before = perf_counter(), _cpu()
    result = action()
    return result, {
        "cpu_seconds": round(_cpu() - before, 1),
        "seconds": round(perf_counter() - began, 1),
    }


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(own.ru_utime + own.ru_stime for own in used)


if __name__ == "__main__":
    main()
