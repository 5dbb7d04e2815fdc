"""Default runs on the exam tables: whether they start and finish, their notes, and their scores.

    python benchmarks/exam.py                                  # all tables in $TORSO_DATA/exam, default settings
    python benchmarks/exam.py --tables coffee houses --set training.epochs=2 --out short.json

A run is given the path of train.csv, the names of the targets, test.csv for the verdict, and where the files lie;
nothing else. Merges each table into results/exam.json as soon as it is done; with `--set` only into `--out`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import traceback
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from reports import read_report, write_report

import torso

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam"


def run_table(name: str, settings: list[str]) -> dict[str, Any]:
    """Return how a default run on one table went."""
    folder = DATA / name
    spec = json.loads((folder / "spec.json").read_text())
    media = [str(folder / file) for file in ("images.zip", "audio.zip") if (folder / file).exists()]
    if media:
        settings = [*settings, f"data.root={json.dumps(media)}"]
    began, cpu = perf_counter(), process_time()
    try:
        run = torso.fit(
            folder / "train.csv", list(spec["targets"]), test=folder / "test.csv", settings=settings
        )
    except Exception as error:  # every way to fail is a result here
        return {
            "end": "failed",
            "error": f"{type(error).__name__}: {error}",
            "trace": traceback.format_exc(limit=-3),
        }
    return {
        "end": run.report.training.end,
        "epochs": run.report.training.epochs,
        "seconds": round(perf_counter() - began, 1),
        "cpu_seconds": round(process_time() - cpu, 1),
        "inputs": {column: described["kind"] for column, described in run.config.inputs.items()},
        "targets": {column: described["kind"] for column, described in run.config.targets.items()},
        "notes": list(run.notes),
        "scores": {
            task: {metric: score.value for metric, score in report.metrics.items()}
            for task, report in run.reports.items()
        },
    }


def main() -> None:
    """Run the tables, print their notes, and keep what they gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument(
        "--set", action="append", default=[], help="a setting; the run is no default run then"
    )
    parser.add_argument("--out", type=Path, default=HERE / "results" / "exam.json")
    asked = parser.parse_args()
    if asked.set and asked.out == HERE / "results" / "exam.json":
        parser.error("--set needs --out: results/exam.json holds default runs")
    names = asked.tables or sorted(path.parent.name for path in DATA.glob("*/spec.json"))
    report = read_report(asked.out, {"about": __doc__.splitlines()[0], "tables": {}})
    report["command"] = "python benchmarks/exam.py"
    report["machine"] = f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}"
    for name in names:
        result = run_table(name, asked.set)
        notes = result.pop("notes", [])
        # Notes quote cells, and most of the tables carry no licence: only their number is kept.
        report["tables"][name] = {**result, "notes": len(notes)}
        write_report(asked.out, report)
        print(
            f"== {name}: {result['end']} {result.get('epochs', '')} {result.get('seconds', '')} s"
        )
        print(result.get("error", ""), *(f"   {note}" for note in notes), sep="\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
