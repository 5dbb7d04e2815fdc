"""How often certificate, slices and calibration cry wolf: tables without anything to find, and what they cost.

Each table has two modalities, of which a quarter of the rows lack the second at random, and columns that mean nothing. New
rows of the same sort are predicted: a line about their gaps is false unless 4,000 further rows bear it out (the intervals of a
run do hold more or fewer labels than promised, as they are set by few validation rows). Slices by random columns should
find nothing.

    python benchmarks/false_alarms.py --tables 20 --out benchmarks/results/false_alarms.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

import torso

SETTINGS = {"dim": 16, "training.epochs": 12, "training.lr": 0.01, "folds": 0, "blend": "off"}


def table(seed: int, rows: int) -> dict:
    draw = np.random.default_rng(seed)
    size = draw.normal(size=(rows, 3))
    word = draw.choice(["red", "blue", "green"], rows)
    signal = size[:, 0] + 0.5 * size[:, 1] + 0.3 * (word == "red")
    has = draw.random(rows) < 0.75
    return {
        **{f"x{n}": size[:, n].round(4).tolist() for n in range(3)},
        "note": [f"a {w} thing" if h else None for w, h in zip(word, has, strict=True)],
        "y": (signal + 0.4 * draw.normal(size=rows)).round(4).tolist(),
        "c": np.where(signal + 0.6 * draw.normal(size=rows) > 0, "yes", "no").tolist(),
        "group": draw.choice(list("abcd"), rows).tolist(),
        "age": draw.integers(18, 90, rows).tolist(),
    }


def true_of(line: str, patterns: tuple) -> bool:
    """Return whether what a line says holds on 4,000 further rows."""
    (gap,) = [pattern for pattern in patterns if pattern.absent == ("note",)]
    report = gap.tasks["y"]
    narrow = report.metrics["coverage"].high < report.promised["coverage"][0]
    weak = any(own.verdict() != "better" for own in gap.tasks.values())
    return narrow if "intervals of" in line else weak


def measured(seed: int, rows: int) -> dict:
    from torso.runs.report.patterns import patterns_of

    began = perf_counter()
    kinds = {"x0": "number", "x1": "number", "x2": "number", "note": "text"}
    run = torso.fit(table(seed, rows), ["y", "c"], inputs=kinds, settings=SETTINGS, progress=False)
    fit = perf_counter() - began
    began = perf_counter()
    patterns_of(run.held_out)
    certificate = perf_counter() - began
    fresh = table(seed + 1000, 200)
    lines = [n for n in run.predict(fresh, details=True).notes if "rows are" in n or "row is" in n]
    many = run.evaluate(table(seed + 2000, 4000), resamples=0, details=True).held_out
    false = [line for line in lines if not true_of(line, patterns_of(many))]
    began = perf_counter()
    slices = torso.slices(run, table(seed, rows), by=["group", "age"])
    seconds = perf_counter() - began
    random = [p for p in slices.parts if p.by in ("group", "age")]
    verdicts = [own.verdict for part in random for own in part.tasks.values()]
    gaps = [each.verdict for each in slices.opportunity]
    found = torso.mistakes(run).tasks
    return {
        "seed": seed,
        "lines": lines,
        "false": false,
        "slices": len(verdicts),
        "slices_found": sum(v in ("better", "worse") for v in verdicts),
        "gaps_found": sum(v == "unequal" for v in gaps),
        "calibration": {task: own.calibration.verdict for task, own in found.items()},
        "seconds": {"fit": fit, "certificate": certificate, "slices": seconds},
    }


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--tables", type=int, default=20)
    options.add_argument("--rows", type=int, default=800)
    options.add_argument("--out", type=Path)
    chosen = options.parse_args()
    runs = [measured(seed, chosen.rows) for seed in range(chosen.tables)]
    result = {
        "command": " ".join(["python", *sys.argv]),
        "tables": chosen.tables,
        "rows": chosen.rows,
        "tables_with_a_line": sum(bool(run["lines"]) for run in runs),
        "tables_with_a_false_line": sum(bool(run["false"]) for run in runs),
        "slices": sum(run["slices"] for run in runs),
        "tables_with_a_slice": sum(bool(run["slices_found"]) for run in runs),
        "tables_with_a_gap": sum(bool(run["gaps_found"]) for run in runs),
        "certificate_share_of_fit": float(
            np.median([run["seconds"]["certificate"] / run["seconds"]["fit"] for run in runs])
        ),
        "runs": runs,
    }
    print(json.dumps({key: value for key, value in result.items() if key != "runs"}, indent=1))
    if chosen.out:
        chosen.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
