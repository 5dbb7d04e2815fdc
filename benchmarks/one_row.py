"""One row, as a server asks for it: CPU milliseconds from a mapping of cells to the blended answers.

    OMP_NUM_THREADS=1 python benchmarks/one_row.py                      # fits the demo's run and one on coffee
    OMP_NUM_THREADS=1 python benchmarks/one_row.py --runs demo=DIR/run  # a run that is there

The demo's rows hold the bytes of a picture and a recording, a note and three cells; coffee's ($TORSO_DATA/exam/coffee,
left out where it is absent) 30 cells, ten of them short texts, for five networks. Every row is asked about once: the
first 20 are cold, the next 80 warm up, so that frequent cells are known; the
rest is measured. Answers are compared with those to all rows at once. Writes results/one_row.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from reports import read_report, write_report

import torso
from torso.app.demo import SETTINGS
from torso.app.demo.digits import INPUTS, TARGETS, make

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam"
COLD, WARMED, ASKED = 20, 100, 250
MEDIA = ("image", "audio")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", nargs="*", default=(), metavar="NAME=FOLDER")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "one_row.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = dict(given.split("=", 1) for given in options.runs)
    report = read_report(options.out)
    report |= {
        "command": "OMP_NUM_THREADS=1 python benchmarks/one_row.py",
        "machine": f"{os.cpu_count()} cores, one used, {platform.machine()}",
        "torch": torch.__version__,
        "load_before": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory() as name:
        for title, rows_of, fit in (
            ("demo", demo_rows, fit_demo),
            ("coffee", coffee_rows, fit_coffee),
        ):
            rows = rows_of(Path(name))
            if not rows or (kept and title not in kept):
                continue
            folder = kept[title] if title in kept else fit(Path(name))
            report[title] = measured(torso.load(folder, device="cpu"), rows)
            print(title, json.dumps(report[title]), flush=True)
            write_report(options.out, report)


def demo_rows(folder: Path) -> list[dict[str, Any]]:
    """Return rows of the demo's table with the content of their files."""
    table = make(folder / "demo", 1797, missing_labels=0.2, missing_inputs=0.1)
    rows = pd.read_csv(table)[list(INPUTS)].head(ASKED).to_dict("records")
    for row in rows:
        for name in MEDIA:
            if isinstance(row[name], str):
                row[name] = (table.parent / row[name]).read_bytes()
    return rows


def fit_demo(folder: Path) -> Path:
    """Return the run that `torso demo` trains."""
    torso.fit(folder / "demo" / "table.csv", TARGETS, out=folder / "demo-run", settings=SETTINGS)
    return folder / "demo-run"


def coffee_rows(folder: Path) -> list[dict[str, Any]]:
    """Return test rows of coffee without their labels, none where the table is absent."""
    del folder
    table = DATA / "coffee" / "test.csv"
    if not table.exists():
        print(f"coffee is left out: {table} is absent")
        return []
    spec = json.loads((DATA / "coffee" / "spec.json").read_text())
    return pd.read_csv(table).drop(columns=list(spec["targets"])).head(ASKED).to_dict("records")


def fit_coffee(folder: Path) -> Path:
    """Return the default run on coffee."""
    spec = json.loads((DATA / "coffee" / "spec.json").read_text())
    train = DATA / "coffee" / "train.csv"
    torso.fit(train, list(spec["targets"]), out=folder / "coffee", settings=["data.split.test=0"])
    return folder / "coffee"


def measured(run: torso.Predictor, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return CPU milliseconds of single rows, and how far their answers are from those to all rows at once."""
    together = run.predict(rows)
    seconds, alone = [], []
    for row in rows:
        began = time.process_time()
        alone.append(run.predict(row))
        seconds.append(time.process_time() - began)
    apart = pd.concat(alone, ignore_index=True)
    warm = seconds[WARMED:]
    return {
        "networks": run.report.training.networks,
        "inputs": len(run.schema.inputs),
        "rows": len(warm),
        "median_cpu_ms": 1e3 * statistics.median(warm),
        "p95_cpu_ms": 1e3 * float(np.quantile(warm, 0.95)),
        "cold_median_cpu_ms": 1e3 * statistics.median(seconds[:COLD]),
        "longest_cpu_s": max(seconds),
        "largest_difference": difference(together, apart),
    }


def difference(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Return the largest difference of a number, in its column's spread or 1; infinite where a class differs."""
    worst = 0.0
    for name in first:
        own, other = first[name], second[name]
        if not pd.api.types.is_float_dtype(own):
            worst = worst if own.astype(str).equals(other.astype(str)) else float("inf")
            continue
        scale = max(1.0, float(np.nanstd(own)))
        worst = max(worst, float(np.nanmax(np.abs(own - other)) / scale))
    return worst


if __name__ == "__main__":
    main()
