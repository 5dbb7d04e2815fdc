r"""`torso tune` on tables of the exam: what a search of 20 trials found, and what it was worth on rows that it never saw.

    OMP_NUM_THREADS=1 python benchmarks/tune.py
    OMP_NUM_THREADS=1 python benchmarks/tune.py --tables mustard --trials 40

To be cheap, a run is one network (`folds: 0`) of at most 20 epochs, without plain models (`blend: off`) or pretrained encoders;
the rest is the default. It learns from 70 % of train.csv and is chosen by 30 %; the verdict is on test.csv, which takes part in
nothing else. `chosen on` is the Δm by which the best trial was chosen, and `unseen` that of its run on test.csv with the paired
95 % interval: their difference is what choosing among many trials flatters.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contest.tables import ExamTable, read_tables
from exam import DATA
from reports import read_report, write_report

import torso

KEPT = Path(__file__).resolve().parent / "results" / "tune.json"
TABLES = ("mustard", "cheese", "coasters")
RECIPE = {
    "folds": 0,
    "blend": "off",
    "pretrained": "off",
    "training.epochs": 20,
    "data.split.validation": 0.3,
}


def main() -> None:
    """Tune the run of each table, and keep what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--space", default="first")
    parser.add_argument("--out", type=Path, default=KEPT)
    asked = parser.parse_args()
    report = read_report(asked.out, {"about": __doc__.splitlines()[0], "tables": {}})
    report["command"] = shlex.join(["python", "benchmarks/tune.py", *sys.argv[1:]])
    report["machine"] = f"{os.cpu_count()} cores, one used, {platform.machine()}"
    report["recipe"] = RECIPE
    for table in read_tables(DATA, asked.tables, None):
        with TemporaryDirectory() as folder:
            report["tables"][table.name] = tuned(table, Path(folder), asked)
        write_report(asked.out, report)
        print(table.name, report["tables"][table.name]["verdict"], flush=True)


def tuned(table: ExamTable, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Fit, tune, and return the figures."""
    began = cpu_seconds()
    run = torso.fit(
        table.folder / "train.csv",
        [*table.questions],
        test=table.folder / "test.csv",
        settings=RECIPE,
        out=folder / "run",
    )
    fitted = cpu_seconds()
    tuning = torso.tune(run, asked.space, trials=asked.trials)
    best = next(trial for trial in tuning.trials if trial.number == tuning.best)
    ends = [trial.end for trial in tuning.trials]
    scores = {"default": run.reports}
    if tuning.folder:
        scores["tuned"] = torso.load(tuning.folder).reports
    return {
        "verdict": tuning.verdict,
        "trials": {end: ends.count(end) for end in dict.fromkeys(ends)},
        "space": dict(tuning.space),
        "settings": dict(tuning.settings),
        "chosen on": {"rows": tuning.rows, "gain": round(tuning.mean(best), 2)},
        "unseen": tuning.unseen.to_dict(),
        "headline": {
            task: {
                "metric": own.headline,
                **{
                    who: round(all_[task].metrics[own.headline].value, 4)
                    for who, all_ in scores.items()
                },
            }
            for task, own in run.reports.items()
        },
        "cpu_seconds": {
            "fit": round(fitted - began, 1),
            "tune": round(cpu_seconds() - fitted, 1),
        },
    }


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its workers."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
