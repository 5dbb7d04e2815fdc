"""Deletion curves of explanations: shares by occlusion beside random orders, plain and integrated gradients.

    torso demo -o demo-run
    torso fit coffee/train.csv -t Flavor -t Aroma -t Processing.Method -t Color -o coffee-run
    python examples/talking_stamps.py --table stamps.csv
    python examples/talking_stamps.py --out stamps-run --set training.epochs=8
    python benchmarks/explain.py demo=demo-run/run:demo-run/data/table.csv coffee=coffee-run:coffee/train.csv
    python benchmarks/explain.py stamps=stamps-run:stamps.csv --coarse --rows 20

Results of runs that are not named stay in the file.

Each row's parts are left out in the order that a method gives them, and the whole run is asked again. The lead of a
curve is the area between it and the mean of 20 random orders, over the range of the figure in the row, so that
tasks can be compared: its mean over rows and tasks, and the paired differences, have 95 % bootstrap intervals over rows.
Explanations that fail their own test are counted. Plain gradients are absolute gradients of the network (Simonyan,
Vedaldi, Zisserman, ICLR workshop 2014), summed over a part.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

import torso
from torso.core.errors import DataError
from torso.evaluation.bootstrap import interval, resamples_of
from torso.runs.folder.json_files import write_json
from torso.runs.predicting.asked import ask, reading_of
from torso.runs.predicting.predictor import Predictor
from torso.studies.explain.asked_row import AskedRow
from torso.studies.explain.deletion import deletion_tests
from torso.studies.explain.detail import COARSE
from torso.studies.explain.gradients import gradients
from torso.studies.explain.shares import shares_of

RESULTS = Path(__file__).parent / "results" / "explain.json"
METHODS = ("occlusion", "integrated gradients", "plain gradients")


def leads(run: Predictor, row: AskedRow) -> tuple[np.ndarray, np.ndarray, float]:
    """Return relative leads `[methods, tasks]`, passed tests of the shares `[tasks]`, and CPU seconds of the explanation."""
    began = time.process_time()
    shares = np.array([share for share, _ in shares_of(row, run.config.seed).parts])
    seconds = time.process_time() - began
    value, without = row.worth(row.whole), row.worth(frozenset())
    falls = [
        1.0 if figure.is_probability or value[at] >= without[at] else -1.0
        for at, figure in enumerate(row.figures.values())
    ]
    smooth = np.array([share for share, _ in gradients(row).shares.parts])
    plain = np.array([share for share, _ in gradients(row, [1.0], absolute=True).shares.parts])
    orders = [shares * falls, smooth * falls, plain]
    tests = [deletion_tests(row, importance, falls, run.config.seed) for importance in orders]
    every = np.array([row.worth(some) for some in row.asked])
    spread = every.max(axis=0) - every.min(axis=0)
    found = np.array([[test.lead.value if test else np.nan for test in own] for own in tests])
    return (
        found / np.where(spread > 0, spread, np.nan),
        np.array([t.passed for t in tests[0]]),
        seconds,
    )


def measured(name: str, run: Path, table: Path, rows: int, *, coarse: bool) -> dict[str, object]:
    """Return the figures of one run."""
    predictor = torso.load(run)
    asked = ask(str(table), predictor.schema, predictor.config.data)
    draw = np.random.default_rng(0)
    each, passed, seconds = [], [], []
    for number in draw.permutation(asked.table.rows):
        if len(each) == rows:
            break
        reading = reading_of(asked, predictor.config.data)
        limits = COARSE if coarse else None
        row = AskedRow(predictor, asked.table.take(np.array([number])), reading, limits)
        if len(row.parts) < 2:
            continue
        lead, own, took = leads(predictor, row)
        each.append(lead)
        passed.append(own)
        seconds.append(took)
    stacked = np.array(each)  # [rows, methods, tasks]
    tasks = list(row.figures)
    result: dict[str, object] = {
        "rows": len(each),
        "coarse": coarse,
        "tasks": tasks,
        "passed": float(np.mean(passed)),
        "CPU seconds a row": float(np.median(seconds)),
        "lead over random orders": {
            method: estimate(stacked[:, at].mean(axis=1)) for at, method in enumerate(METHODS)
        },
        "occlusion before": {
            method: estimate((stacked[:, 0] - stacked[:, at]).mean(axis=1))
            for at, method in enumerate(METHODS)
            if at
        },
        "by task": {
            task: {
                "lead": estimate(stacked[:, 0, at]),
                "before plain gradients": estimate(stacked[:, 0, at] - stacked[:, 2, at]),
            }
            for at, task in enumerate(tasks)
        },
    }
    print(name, json.dumps(result, indent=1))
    return result


def estimate(values: np.ndarray) -> list[float]:
    """Return the mean over rows, and its 95 % bootstrap interval."""
    known = values[np.isfinite(values)]
    drawn = [some @ known / len(known) for some in resamples_of(np.arange(len(known)), 2000, 0)]
    return [round(float(each), 4) for each in (known.mean(), *interval(np.concatenate(drawn)))]


def main() -> None:
    """Measure each run that is named, and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN:TABLE")
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--coarse", action="store_true", help="as for pretrained encoders: quicker")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    known = json.loads(options.out.read_text()) if options.out.is_file() else {}
    results: dict[str, object] = known.get("runs", {})
    for given in options.runs:
        name, _, paths = given.partition("=")
        run, _, table = paths.rpartition(":")
        if not run:
            raise DataError(f"Expected NAME=RUN:TABLE. Found {given!r}.")
        how = f"--rows {options.rows}{' --coarse' * options.coarse}"
        results[name] = {
            "command": f"python benchmarks/explain.py {name}=RUN:TABLE {how}",
            **measured(name, Path(run), Path(table), options.rows, coarse=options.coarse),
        }
    write_json(options.out, {"torso": torso.__version__, "runs": results})


if __name__ == "__main__":
    sys.exit(main())
