"""One model, five answers on Talking Stamps, beside plain baselines on the same split.

    python benchmarks/talking_stamps.py --seeds 0 1 2
    python benchmarks/talking_stamps.py --network --seeds 0 1 2

The first is a default run: nothing is set but the groups of the split. With `--network` one network is trained as
stamps.py sets it. Each seed draws its own group split (whole stamps are held out) and its own weights. The intervals are 95 %
bootstraps over the test stamps. The baselines are those of the data's README, fitted here on the same
training rows: the majority, 12 x 12 pixels, character n-grams of the text, statistics of the log-mel frames,
each with a logistic regression. Writes results/talking_stamps.json or
results/talking_stamps_network.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from reports import write_report
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import torso
from torso.columns.splits import split_rows
from torso.tables.table import read_table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
import stamps as network  # noqa: E402
from _data import data_folder  # noqa: E402
from features import plain_views  # noqa: E402
from talking_stamps import SETTINGS, TARGETS, inputs, stamps  # noqa: E402


def baselines(
    table: pd.DataFrame, views: dict[str, np.ndarray], seed: int
) -> dict[str, dict[str, float]]:
    """Return task -> baseline -> accuracy on the run's own test rows."""
    split = split_rows(read_table(table), test=0.2, validation=0.1, group="id", seed=seed)
    train = np.concatenate([split.train, split.validation])
    text = table.text.fillna("").to_numpy(dtype=object)
    scores: dict[str, dict[str, float]] = {}
    for task in ("category", "lang"):
        truth = table[task].to_numpy(dtype=object)
        models = {
            "12x12 pixels": (
                make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)),
                views["12x12 pixels"],
            ),
            "character n-grams": (
                make_pipeline(
                    TfidfVectorizer(
                        analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True
                    ),
                    LogisticRegression(C=10, max_iter=300),
                ),
                text,
            ),
            "audio statistics": (
                make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300)),
                views["audio statistics"],
            ),
        }
        values, counts = np.unique(truth[train], return_counts=True)
        scores[task] = {"majority": float((truth[split.test] == values[counts.argmax()]).mean())}
        for name, (model, view) in models.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a baseline that stops at 300 steps is still one
                model.fit(view[train], truth[train])
            scores[task][name] = float(model.score(view[split.test], truth[split.test]))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--network", action="store_true", help="one network, set by hand")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    name = "talking_stamps_network" if options.network else "talking_stamps"
    place = options.out or HERE / "results" / f"{name}.json"
    chosen = network.RECIPE if options.network else SETTINGS
    columns = network.inputs if options.network else inputs
    folder = data_folder("talking_stamps")
    table = stamps(folder)
    views = plain_views(folder, table)
    runs = []
    for seed in options.seeds:
        began, cpu = time.perf_counter(), time.process_time()
        settings = [*chosen, f"seed={seed}"]
        settings += [f"training.epochs={options.epochs}"] if options.epochs else []
        with tempfile.TemporaryDirectory() as out:
            run = torso.fit(
                table, TARGETS, inputs=columns(folder), out=Path(out) / "run", settings=settings
            )
        runs.append(
            {
                "seed": seed,
                "seconds": time.perf_counter() - began,
                "cpu_s": time.process_time() - cpu,
                "load": os.getloadavg()[0],
                "epochs": run.metrics["training"]["epochs"],
                "parameters": run.metrics["training"]["parameters"],
                "usage": run.metrics["usage"],
                "encoders": dict(run.config.encoders),
                "notes": [note for note in run.notes if note.startswith("Pretrained")],
                "tasks": {
                    task: {
                        "headline": report.headline,
                        "against": report.against,
                        "metrics": {name: one.to_dict() for name, one in report.metrics.items()},
                        "baseline": dict(report.to_dict()["baseline"]),
                    }
                    for task, report in run.reports.items()
                },
                "baselines": baselines(table, views, seed),
            }
        )
        headline = {
            task: runs[-1]["tasks"][task]["metrics"][report.headline]
            for task, report in run.reports.items()
        }
        print(seed, json.dumps(headline), json.dumps(runs[-1]["baselines"]), flush=True)
        report = {
            "command": "python benchmarks/talking_stamps.py "
            + ("--network " if options.network else "")
            + "--seeds "
            + " ".join(str(one["seed"]) for one in runs),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
            "torch": torch.__version__,
            "settings": chosen,
            "means": means(runs),
            "runs": runs,
        }
        write_report(place, report)


def means(runs: list[dict]) -> dict[str, dict[str, float]]:
    """Return task -> mean and standard deviation of its headline over the seeds, and of the baselines."""
    out = {}
    for task, first in runs[0]["tasks"].items():
        values = [run["tasks"][task]["metrics"][first["headline"]]["value"] for run in runs]
        out[task] = {
            "metric": first["headline"],
            "mean": float(np.mean(values)),
            "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            **{
                name: float(np.mean([run["baselines"][task][name] for run in runs]))
                for name in runs[0]["baselines"].get(task, {})
            },
        }
    return out


if __name__ == "__main__":
    main()
