"""A default run where modalities are missing at test, with plain models and without, beside the figures of `missing.py`.

    OMP_NUM_THREADS=1 python benchmarks/missing_default.py --seeds 0 1 2 [--only mosi talking_stamps]    # resumes
    python benchmarks/missing_default.py --only talking_stamps --epochs 10    # fewer epochs, where time is short
    python benchmarks/missing_default.py --show       # the verdict again, from what is there

The data sets, splits and headline scores are those of `missing.py`: a vector per modality (the tokens of a row below each
other), asked with each subset of the modalities present. `missing.py` works below the blend, on a network of its own; here
`torso.fit` runs as it comes (`blended`), and with `blend=off` (`network`). `kept` is the mean of the best of the ways of `missing.py`
that hide nothing or a share at its usual number of epochs, chosen per data set by the mean over all cells. What is done stays in
results/missing_default.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from features import Dataset
from fusion_race import COURSES
from missing import subsets
from reports import write_report
from small_training import interval, resumed

import torso

HERE = Path(__file__).resolve().parent
WAYS: dict[str, dict[str, Any]] = {"blended": {}, "network": {"blend": "off"}}
KEPT = ("nothing hidden", "dropout 0.3", "dropout 0.5", "uniform subsets")


def table_of(dataset: Dataset) -> pd.DataFrame:
    """Return a data set as a table: a vector per modality, None where a row lacks it."""
    columns: dict[str, Any] = {}
    for name, features in dataset.inputs.items():
        values = features.values.flatten(1).numpy()
        there = features.mask.any(dim=1).numpy()
        columns[name] = [
            v.tolist() if here else None for v, here in zip(values, there, strict=True)
        ]
    for task, labels in dataset.targets.items():
        numbers = labels.numpy()
        if dataset.kinds[task] == "number":
            columns[task] = numbers
        else:
            columns[task] = [None if np.isnan(n) or n < 0 else f"class {int(n)}" for n in numbers]
    parts = np.full(len(numbers), "unused", dtype=object)
    for part, rows in (
        ("train", dataset.train),
        ("validation", dataset.validation),
        ("test", dataset.test),
    ):
        parts[rows.numpy()] = part
    table = pd.DataFrame(columns).assign(part_of_row=parts, group_of_row=dataset.groups.numpy())
    return table[table.part_of_row != "unused"]


def scores(dataset: Dataset, seed: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return subset -> task -> headline score on the test rows."""
    table, began = table_of(dataset), time.process_time()
    split = {"seed": seed, "data.split.column": "part_of_row"}
    run = torso.fit(
        table, dict(dataset.kinds), inputs=[*dataset.inputs], settings=split | dict(settings)
    )
    test = table[table.part_of_row == "test"]
    told = {}
    for subset in subsets([*dataset.inputs]):
        gone = dict.fromkeys(name for name in dataset.inputs if name not in subset)
        reports = run.evaluate(test.assign(**gone), resamples=0)
        told[" + ".join(subset)] = {
            task: report.metrics[report.headline].value for task, report in reports.items()
        }
    return {"test": told, "cpu_s": round(time.process_time() - began, 1)}


def kept_of(name: str) -> tuple[str, dict[str, dict[str, float]]]:
    """Return the best kept way, and its means over the seeds per subset and task."""
    ways = json.loads((HERE / "results" / "missing.json").read_text())[name]["ways"]
    means = {}
    for way in KEPT:
        runs = [run["test"] for run in ways[way].values()]
        means[way] = {
            subset: {task: statistics.fmean(run[subset][task] for run in runs) for task in tasks}
            for subset, tasks in runs[0].items()
        }
    best = max(
        KEPT, key=lambda way: statistics.fmean(v for s in means[way].values() for v in s.values())
    )
    return best, means[best]


def verdict(name: str, runs: Mapping[str, Any]) -> dict[str, Any]:
    """Return per subset and task: both ways' means, the blend's paired lead, and the kept figure."""
    way, kept = kept_of(name)
    cells = {}
    seeds = [seed for seed, done in runs.items() if len(done) == len(WAYS)]
    for subset, tasks in kept.items():
        for task, figure in tasks.items():
            both = {own: [runs[seed][own]["test"][subset][task] for seed in seeds] for own in WAYS}
            lead = interval([a - b for a, b in zip(both["blended"], both["network"], strict=True)])
            cells[f"{subset}: {task}"] = {
                **{own: statistics.fmean(values) for own, values in both.items()},
                "lead": lead["mean"],
                "kept": figure,
            }
    return {
        "kept way": way,
        "seeds": len(seeds),
        "cells": cells,
        "below network": [c for c, one in cells.items() if one["lead"] < -0.005],
        "below kept": [c for c, one in cells.items() if one["blended"] < one["kept"] - 0.005],
    }


def main() -> None:
    """Run what is not there yet, and print the verdicts."""
    names = ["mosi", "talking_stamps"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=names, nargs="+", default=names)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int, help="of each network at most; default: torso.fit's")
    options, report = resumed(parser, Path(__file__))
    for name in options.only:
        block = report.setdefault(name, {"epochs": options.epochs, "runs": {}})
        if not options.show and block.get("epochs") != options.epochs:
            parser.error(
                f"{name}: its runs had --epochs {block.get('epochs')}. Name another --out."
            )
        fewer = {} if options.epochs is None else {"training.epochs": options.epochs}
        for seed in [] if options.show else options.seeds:
            done = block["runs"].setdefault(str(seed), {})
            for way, settings in WAYS.items():
                if way not in done:
                    done[way] = scores(COURSES[name].load(seed), seed, settings | fewer)
                    write_report(options.out, report)
                    print(name, seed, way, done[way]["cpu_s"], flush=True)
        if not block["runs"]:
            continue
        block["verdict"] = verdict(name, block["runs"])
        print(json.dumps(block["verdict"], indent=1))
        write_report(options.out, report)


if __name__ == "__main__":
    main()
