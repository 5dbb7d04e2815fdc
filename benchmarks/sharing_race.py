"""Every sharing on the same features with the same budget: does sharing help, and which way of it?

    OMP_NUM_THREADS=1 python benchmarks/sharing_race.py                       # all: about an hour
    OMP_NUM_THREADS=1 python benchmarks/sharing_race.py --only census --entries hard separate mmoe
    python benchmarks/sharing_race.py --draw                                  # the verdict and the picture again

Talking Stamps (five tasks, `features.py`), MultiMNIST (left and right digit, pictures in patches) and Census-Income
(income above 50,000 and never married; the published training file is absent, so rows come from the test file, and
published AUCs are for other rows). Every registered sharing with its default settings, `hard` with two more shared
layers as a control of depth, and `separate`, which is a model per task. Equal for all: features, width, fusion,
steps, optimiser, heads. The learning rate is the one of two with the better validation scores at the first seed; a
seed draws the split or the pairs, the weights and the order of rows, the same for all, so differences are paired.
Intervals are 95 % t-intervals over the seeds. Entries that are done stay in results/sharing_race.json.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from features import Dataset, data_folder, laid_out, patches, stamps
from fusion_race import Course, paired, raced, shown, values
from published.multi_mnist_data import pictures
from race_pictures import intervals
from reports import read_report, write_report
from small_training import Plan, circumstances, interval

from torso.sharing import Sharing

HERE = Path(__file__).resolve().parent
SHARED, ALONE = "hard", "separate"
DEEPER = "hard, two layers"
NUMBERS = ["age", "wage_per_hour", "capital_gains", "capital_losses", "stock_dividends"]
NUMBERS += ["num_emp", "weeks_worked"]
Entry = dict[str, Any]


def census(seed: int = 0, rows: int = 30_000) -> Dataset:
    """Return `rows` rows drawn by `seed`: 70 % train, 10 % validate, 20 % test; one vector, two tasks.

    Categories are one-hot, numbers are logarithms of one plus themselves. The survey's weights are left out.
    """
    folder = data_folder("census_income_kdd")
    names = (folder / "header.txt").read_text().strip().split(",")
    table = pd.read_csv(
        folder / "census-income.test.gz", header=None, names=names, skipinitialspace=True, dtype=str
    )
    drawn = np.random.default_rng(seed).permutation(len(table))[:rows]
    table = table.iloc[drawn].reset_index(drop=True)
    married = (table.pop("marital_stat") == "Never married").to_numpy()
    income = table.pop("income_50k").str.contains("50000+", regex=False).to_numpy()
    numbers = np.log1p(table[NUMBERS].astype(np.float32).to_numpy())
    classes = pd.get_dummies(table.drop(columns=[*NUMBERS, "instance_weight"]), dtype=np.float32)
    vectors = np.concatenate([numbers, classes.to_numpy()], axis=1)
    cuts = [int(0.7 * rows), int(0.8 * rows)]
    train, validation, test = np.split(np.arange(rows), cuts)
    return laid_out(
        {"row": (vectors[:, None], np.ones(rows, bool))},
        {"income": income.astype(np.float32), "never_married": married.astype(np.float32)},
        {"income": "binary", "never_married": "binary"},
        drawn,
        (train, validation, test),
    )


def multi_mnist(seed: int = 0, rows: int = 12_000) -> Dataset:
    """Return `rows` pictures to train, 2,000 to validate and 5,000 to test, in 4 x 4 patches; two tasks."""
    folder = data_folder("mnist").parent
    sides = [
        pictures(folder, "train", rows + 2000, seed=seed),
        pictures(folder, "t10k", 5000, seed=seed),
    ]
    images = np.concatenate([one.images.numpy() for one in sides]).transpose(0, 2, 3, 1)
    digits = np.concatenate([one.classes.numpy() for one in sides])
    cuts = np.split(np.arange(len(images)), [rows, rows + 2000])
    return laid_out(
        {"image": (patches(images, 7), np.ones(len(images), bool))},
        {"left": digits[:, 0], "right": digits[:, 1]},
        {"left": "category", "right": "category"},
        np.arange(len(images)),
        tuple(cuts),
    )


COURSES = {
    "census": Course(census, 5, Plan(epochs=4, batch=512)),
    "multi_mnist": Course(multi_mnist, 3, Plan(epochs=8, batch=256)),
    "talking_stamps": Course(stamps, 3, Plan(epochs=8, batch=256)),
}


def entries() -> dict[str, Entry]:
    """Return name -> what `build` is told; the two rows to compare with come first."""
    names = [SHARED, ALONE, *(one for one in Sharing.registry if one not in (SHARED, ALONE))]
    found: dict[str, Entry] = {name: {"sharing": name} for name in names}
    found[DEEPER] = {"sharing": {"type": "hard", "hidden": [64, 64]}}
    return found


def judged(found: dict[str, Entry]) -> Entry:
    """Fill in intervals and paired differences; return task -> who wins, and how many surely differ."""
    tasks = ["mean", *found[SHARED]["runs"][0]["test"]]
    for name, entry in found.items():
        entry["scores"] = {task: interval(values(entry, task)) for task in tasks}
        for against in (SHARED, ALONE):
            if name != against and against in found:
                entry[f"minus {against}"] = {
                    task: paired(entry, found[against], task) for task in tasks
                }
    verdict = {}
    for task in tasks:
        best = max(found, key=lambda name: found[name]["scores"][task]["mean"])
        verdict[task] = {"best": best, "score": found[best]["scores"][task]}
        for against in (SHARED, ALONE):
            gaps = {
                name: one[f"minus {against}"][task]
                for name, one in found.items()
                if name != against
            }
            verdict[task][f"above {against}"] = [n for n, one in gaps.items() if one["low"] > 0]
            verdict[task][f"below {against}"] = [n for n, one in gaps.items() if one["high"] < 0]
    return verdict


def said(name: str, verdict: Entry, found: dict[str, Entry]) -> str:
    """Return a sentence per task."""
    lines = []
    for task, one in verdict.items():
        hard, alone = (shown(found[which]["scores"][task]) for which in (SHARED, ALONE))
        sure = "; ".join(
            f"surely {side} {against}: {', '.join(one[f'{side} {against}']) or 'none'}"
            for against in (SHARED, ALONE)
            for side in ("above", "below")
        )
        lines.append(
            f"{name}, {task}: best is {one['best']}, {shown(one['score'])}; {SHARED} {hard}, {ALONE} {alone}; {sure}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=COURSES, nargs="+", default=list(COURSES))
    parser.add_argument("--entries", nargs="+", help="these only; default: all")
    parser.add_argument("--draw", action="store_true", help="no runs: judge and draw what is there")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "sharing_race.json")
    options = parser.parse_args()
    report = read_report(options.out)
    report |= circumstances(Path(__file__)) | {
        "dim": 64,
    }
    for name in options.only:
        course = COURSES[name]
        block = report.setdefault(
            name, {"plan": asdict(course.plan), "rates": course.rates, "entries": {}}
        )
        load = cache(course.load)
        for label, spec in {} if options.draw else entries().items():
            if label in block["entries"] or (options.entries and label not in options.entries):
                continue
            block["entries"][label] = entry = raced(course, spec, load)
            write_report(options.out, report)
            mean = statistics.fmean(values(entry, "mean"))
            print(f"{name:15s} {label:20s} {mean:.4f}  {entry['cpu_s']:6.1f} s", flush=True)
        if SHARED in block["entries"] and ALONE in block["entries"]:
            block["cpu_s"] = round(sum(one["cpu_s"] for one in block["entries"].values()))
            block["verdict"] = judged(block["entries"])
            write_report(options.out, report)
            print(said(name, block["verdict"], block["entries"]), flush=True)
    blocks = {name: report[name] for name in COURSES if "verdict" in report.get(name, {})}
    intervals(blocks, SHARED, ALONE, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
