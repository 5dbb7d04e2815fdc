"""`torso distill` and `refit` on tables of the exam: what one network keeps of a whole run, its time and its size.

    OMP_NUM_THREADS=1 python benchmarks/distill.py --tables coffee mustard coasters --out FILE

A fifth of train.csv is held out, as by `exam.py --cv 0`; test.csv is not read. Beside the whole run stand the network
distilled from it, a single network (`folds=0, blend=off`), and that with `refit`. Milliseconds are CPU time of one row,
the median of 30.
"""

from __future__ import annotations

import argparse
import os
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from contest.tables import ExamTable, read_tables
from reports import read_report, write_report

import torso

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam"
KEPT = HERE / "results" / "distill.json"
ALONE = {"folds": 0, "blend": "off"}


def main() -> None:
    """Measure the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="*", default=["coffee", "mustard", "coasters"])
    parser.add_argument("--out", type=Path, default=KEPT)
    asked = parser.parse_args()
    report = read_report(asked.out, {"about": __doc__.splitlines()[0], "tables": {}})
    for table in read_tables(DATA, asked.tables, 0):
        report["tables"][table.name] = measured(table)
        write_report(asked.out, report)
        print(table.name, report["tables"][table.name], flush=True)


def measured(table: ExamTable) -> dict[str, Any]:
    """Return the figures of each way."""
    targets = list(table.questions)
    with TemporaryDirectory(prefix="torso-distill-") as made:
        folder = Path(made)
        train, test = table.files(folder)

        def fit(name: str, settings: dict[str, Any]) -> tuple[Any, float]:
            began = process_time()
            run = torso.fit(train, targets, test=test, settings=settings, out=folder / name)
            return run, process_time() - began

        ways = {"whole run": fit("whole", {}), "single network": fit("alone", ALONE)}
        ways["single network, refit"] = fit("refit", {**ALONE, "refit": True})
        began = process_time()
        student = torso.distill(ways["whole run"][0], train, out=folder / "distilled")
        ways["distilled"] = student, process_time() - began
        return {name: figures(run, test, seconds) for name, (run, seconds) in ways.items()}


def figures(run: Any, test: Any, seconds: float) -> dict[str, Any]:
    """Return the scores of a run on the held-out rows, its CPU seconds, time of a row, and size."""
    import pandas as pd

    rows = test if isinstance(test, pd.DataFrame) else pd.read_csv(test, dtype=str)
    row, times = rows.iloc[[0]], []
    for _ in range(30):
        began = process_time()
        run.predict(row)
        times.append(process_time() - began)
    reports = run.evaluate(test, resamples=0)
    size = sum(file.stat().st_size for file in run.folder.rglob("*") if file.is_file())
    return {
        "scores": {task: round(r.metrics[r.headline].value, 4) for task, r in reports.items()},
        "cpu_seconds": round(seconds, 1),
        "ms_per_row": round(1000 * statistics.median(times), 1),
        "megabytes": round(size / 1e6, 1),
    }


if __name__ == "__main__":
    main()
