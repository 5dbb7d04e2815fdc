"""Are short texts that recur better read as names, as texts or as categories? Columns of names alone, on exam tables.

    python benchmarks/names.py coffee coasters --seeds 0 1 2 --kinds name category text --epochs 15

Trains on `train.csv` of a table in $TORSO_DATA/exam and judges on its `test.csv`. Prints mean and spread over the
seeds, and seconds a fit. Of the table's columns it reads only those of names.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import torso

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
from _data import data_folder

TABLES = {
    "coffee": (
        ["Owner", "Farm.Name", "Mill", "Company", "Region", "Producer"],
        {"Flavor": "number", "Processing.Method": "category", "Color": "category"},
    ),
    "coasters": (
        ["Location", "Manufacturer", "Designer", "Model", "Park section"],
        {"speed_mph": "number", "Type_Main": "category", "year_introduced": "number"},
    ),
    "liar": (["speaker", "job", "context"], {"party": "category"}),
    "crashes": (["Type", "Location"], {"military": "binary"}),
}


def read(name: str, part: str) -> pd.DataFrame:
    """Return the names and targets of a part of a table, numbers as numbers, empty cells missing."""
    inputs, targets = TABLES[name]
    path = data_folder(f"exam/{name}") / f"{part}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)[[*inputs, *targets]]
    frame = frame.replace({"": None})
    for target, kind in targets.items():
        if kind == "number":
            frame[target] = pd.to_numeric(frame[target], errors="coerce")
    return frame


def scores(name: str, kind: str, seeds: Sequence[int], epochs: int) -> tuple[np.ndarray, float]:
    """Return the headline scores `[seeds, targets]` on the test rows, and seconds a fit."""
    inputs, targets = TABLES[name]
    training, test = read(name, "train"), read(name, "test")
    rows, began = [], time.perf_counter()
    for seed in seeds:
        run = torso.fit(
            training,
            targets,
            inputs=dict.fromkeys(inputs, kind),
            test=test,
            settings={"seed": seed, "training.epochs": epochs},
        )
        rows.append([next(iter(run.reports[task].metrics.values())).value for task in targets])
    return np.array(rows), (time.perf_counter() - began) / len(seeds)


def main() -> None:
    """Print a line per table and kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", choices=TABLES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--kinds", nargs="+", default=["name", "category", "text"])
    parser.add_argument("--epochs", type=int, default=15)
    said = parser.parse_args()
    for name in said.tables:
        for kind in said.kinds:
            values, seconds = scores(name, kind, said.seeds, said.epochs)
            means = zip(TABLES[name][1], values.mean(axis=0), values.std(axis=0), strict=True)
            each = ", ".join(f"{task} {mean:.3f} ± {std:.3f}" for task, mean, std in means)
            print(f"{name} | {kind} | {each} | {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
