"""Do the intervals of blended answers hold the share of test labels that they promise? On the tables of the exam.

    OMP_NUM_THREADS=1 python benchmarks/coverage.py [--tables coffee crashes]      # resumes
    python benchmarks/coverage.py --show       # the verdict again, from what is there

Runs the default as `exam.py` does (seed 0, names of targets only) and reads the coverage on test.csv from the report of the
run. Nothing is chosen by it. The interval is that of Clopper and Pearson, 95 %, for independent rows. What is done stays in
results/coverage.json, figures only.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contest.own_run import fit
from contest.tables import ExamTable, labels_of, read_tables
from reports import write_report
from scipy import stats
from small_training import resumed

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam"


def measured(table: ExamTable) -> dict[str, Any]:
    """Return target -> level, labels and those that the interval holds; targets without intervals are left out."""
    began = time.process_time()
    with TemporaryDirectory(prefix="torso-coverage-") as written:
        run, _ = fit(table, [], 0, Path(written))
    targets = {}
    for name, report in run.reports.items():
        if "coverage" not in report.metrics:
            continue
        labels = int((~_missing(table, name)).sum())
        targets[name] = {
            "level": report.promised["coverage"][0],
            "rows": labels,
            "held": round(report.metrics["coverage"].value * labels),
            "share": run.report.blend[name].share if name in run.report.blend else 0.0,
        }
    return {"targets": targets, "cpu_s": round(time.process_time() - began, 1)}


def _missing(table: ExamTable, name: str) -> Any:
    cells = labels_of(table.questions[name], table.test[name])
    return cells != cells  # NaN alone differs from itself


def verdict(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Add each target's interval, and return how many targets are off, and all of them together."""
    every = [target for block in tables.values() for target in block["targets"].values()]
    for target in every:
        found = stats.binomtest(target["held"], target["rows"], target["level"])
        low, high = found.proportion_ci(0.95)
        target |= {
            "coverage": target["held"] / target["rows"],
            "interval": [low, high],
            "p": found.pvalue,
        }
    held, rows = sum(one["held"] for one in every), sum(one["rows"] for one in every)
    return {
        "targets": len(every),
        "below": sum(one["interval"][1] < one["level"] for one in every),
        "above": sum(one["interval"][0] > one["level"] for one in every),
        "coverage": held / rows,
        "interval": list(stats.binomtest(held, rows).proportion_ci(0.95)),
    }


def main() -> None:
    """Run what is not there yet, and print a line per target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+")
    options, report = resumed(parser, Path(__file__))
    tables = report.setdefault("tables", {})
    for table in () if options.show else read_tables(DATA, options.tables, None):
        if table.name not in tables and any(q.form == "values" for q in table.questions.values()):
            tables[table.name] = measured(table)
            report["verdict"] = verdict(tables)
            write_report(options.out, report)
            print(table.name, tables[table.name], flush=True)
    report["verdict"] = verdict(tables)
    write_report(options.out, report)
    print(report["verdict"])


if __name__ == "__main__":
    main()
