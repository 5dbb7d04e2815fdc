"""A step of default networks with every operator on one thread and on all, in turns: which is faster, and what is chosen.

    python benchmarks/operator_threads.py       # the digits' table, and the exam's tables where they are

A network is built as `torso.fit` builds it, and takes the same steps with each number of threads. `millions` are the
multiplications by which `torso.training.threads` chooses. Writes results/operator_threads.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from reports import write_report

import torso
from torso.app.demo.digits import TARGETS, make
from torso.columns.loader import gather
from torso.training import Trainer
from torso.training.threads import multiplications, operator_threads, suited_threads

HERE = Path(__file__).resolve().parent
EXAM = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam"
TABLES = ["squirrels", "coffee", "imdb1000", "emodb", "art_price", "houses"]
STEPS = 20


def trainer(table: Path, targets: list[str], settings: dict[str, Any]) -> Trainer:
    """Return the trainer of a default fit before its first step."""
    kept: list[Trainer] = []

    def stop(loop: Trainer, **_: object) -> None:
        kept.append(loop)
        raise InterruptedError

    with mock.patch.object(Trainer, "run", stop), suppress(InterruptedError):
        torso.fit(table, targets, settings={"pretrained": "off", **settings})
    return kept[0]


def trainers(folder: Path) -> dict[str, Trainer]:
    """Return name of the table -> its trainer."""
    loops = {"digits": trainer(make(folder / "full", 600), [*TARGETS], {"data.cache": str(folder)})}
    for name in TABLES if EXAM.is_dir() else []:
        spec = json.loads((EXAM / name / "spec.json").read_text())
        files = [str(path) for path in (EXAM / name).glob("*s.zip")] + [
            str(path) for path in (EXAM / name).glob("audio.zip")
        ]
        media = {"data.root": files} if files else {}
        loops[name] = trainer(EXAM / name / "train.csv", [*spec["targets"]], media)
    return loops


def compared(loop: Trainer, rounds: int) -> dict[str, Any]:
    """Return milliseconds of a step by the clock, per number of threads, and what is chosen."""
    batches = [batch for _, batch in zip(range(STEPS), loop.training, strict=False)]
    first = gather(loop.training.dataset, loop.training.rows[: loop.training.batch_size])
    began = time.perf_counter()
    chosen = suited_threads(loop.model, loop.training)
    choosing = time.perf_counter() - began
    loop.model.train()
    every = torch.get_num_threads()
    spent: dict[int, list[float]] = {1: [], every: []}
    for turn in range(1 + rounds):
        for number, each in spent.items():
            with operator_threads(number):
                for batch in batches:
                    began = time.perf_counter()
                    loop._step(batch)
                    each.extend([1e3 * (time.perf_counter() - began)] * bool(turn))
    ms = {number: statistics.median(each) for number, each in spent.items()}
    return {
        "parameters": sum(parameter.numel() for parameter in loop.trained),
        "rows": len(first),
        "millions": round(multiplications(loop.model, first.inputs) / 1e6, 1),
        "step_ms": {str(number): round(value, 2) for number, value in ms.items()},
        "all_over_one": round(ms[every] / ms[1], 2),
        "chosen": chosen,
        "choosing_s": round(choosing, 3),
    }


def main() -> None:
    """Measure, and write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "operator_threads.json")
    options = parser.parse_args()
    report: dict[str, Any] = {
        "command": "python benchmarks/operator_threads.py",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "torch": torch.__version__,
        "load": round(os.getloadavg()[0], 1),
        "networks": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, loop in trainers(Path(folder)).items():
            report["networks"][name] = compared(loop, options.rounds)
            print(name, report["networks"][name], flush=True)
    write_report(options.out, report)


if __name__ == "__main__":
    main()
