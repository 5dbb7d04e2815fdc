"""Torso as a contestant: one process a table and seed, so that its CPU seconds are its own."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .answers import RUN, Store
from .tables import ExamTable

__all__ = ["run_torso"]

BENCHMARKS = Path(__file__).resolve().parents[1]


def run_torso(
    table: ExamTable, store: Store, name: str, seed: int, settings: list[str]
) -> dict[str, Any]:
    """Run once, keep the answers under `name`, and return how it went.

    The CPU seconds hold everything from the start of Python to the last answer.
    """
    command = [sys.executable, "-m", "contest.own_run", str(table.folder)]
    command += ["--store", str(store.root), "--name", name, "--seed", str(seed)]
    if table.part != "test":
        command += ["--cv", table.part.removeprefix("fold")]
    for setting in settings:
        command += ["--set", setting]
    path = os.pathsep.join(filter(None, [str(BENCHMARKS), os.environ.get("PYTHONPATH")]))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept_in = store.folder(table, name, seed)
    shutil.rmtree(kept_in, ignore_errors=True)  # a run that fails leaves no earlier answers
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path, **threads}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        ended = f"exit status {done.returncode}"  # below 0: the signal that ended it
        told = {"end": "failed", "error": (done.stderr.strip().splitlines() or [ended])[-1]}
        told["trace"] = done.stderr[-2000:]
    else:
        told = json.loads(done.stdout.strip().splitlines()[-1])
    told["cpu_seconds"] = round(cpu, 1)
    kept_in.mkdir(parents=True, exist_ok=True)
    (kept_in / RUN).write_text(json.dumps(told))
    return told
