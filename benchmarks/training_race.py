"""Training speed beside Ludwig in CPU seconds of one thread, a process per side, in turns.

    python benchmarks/training_race.py --ludwig ../ludwig-env/bin/python
    python benchmarks/training_race.py --ludwig ../ludwig-env/bin/python --threads 2 \
        --out benchmarks/results/training_race_two_threads.json

Table and models are those of speed.py. CPU seconds bear a busy machine better than those of the clock; both sides
are measured in every round, and ratios are taken within a round. The time to Ludwig's final score counts all CPU
seconds from the raw table on, imports left out: until the first epoch in which Torso's held-out digit, parity and ink
are all at least Ludwig's, against Ludwig's own best epoch. The held-out rows are the same, the last 20 %; both sides
choose by them, and Torso's heads are calibrated on them. Ludwig keeps its defaults of 100 epochs at most and an end
after five without a better one; Torso has 12 epochs. Writes results/training_race.json, with the 20 operators that
take most of an epoch.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
from reports import write_report
from speed import SETTINGS

import torso
from torso.app.demo.digits import TARGETS, make
from torso.training import Epoch, Listener

HERE = Path(__file__).resolve().parent
ALONE = [
    'blend="off"',  # the network alone: what is trained with steps
    "folds=0",
    "targets.parity=category",  # its held-out accuracy is told after every epoch
    "data.split.column=part",
    "training.lr=0.003",  # with 12 epochs the best of four recipes tried, on these rows; Ludwig has 0.002
]


class Clock(Listener):
    """Notes CPU and wall seconds of each epoch's steps, CPU seconds at its end, and its held-out scores."""

    def __init__(self) -> None:
        self.began = time.process_time()
        self.rates: list[tuple[float, float]] = []
        self.scores: list[dict[str, float]] = []
        self.profile: torch.profiler.profile | None = None

    def started(self, epochs: int, batches: int) -> None:  # noqa: ARG002
        self.batches = batches
        self.start = (time.process_time(), time.perf_counter())

    def batch_done(self, epoch: int, batch: int) -> None:  # noqa: ARG002
        if batch == self.batches:
            self.steps = (
                time.process_time() - self.start[0],
                time.perf_counter() - self.start[1],
            )

    def epoch_done(self, epoch: Epoch) -> None:
        self.rates.append(tuple(epoch.rows / seconds for seconds in self.steps))
        score = {
            "digit": epoch.metrics["digit"]["accuracy"],
            "parity": epoch.metrics["parity"]["accuracy"],
            "ink_r2": epoch.metrics["ink"]["r2"],
            "cpu_s": time.process_time() - self.began,
        }
        self.scores.append(score)
        self.start = (time.process_time(), time.perf_counter())


class Profiler(Clock):
    """Profiles the second epoch."""

    def epoch_done(self, epoch: Epoch) -> None:
        super().epoch_done(epoch)
        if epoch.number == 1:
            self.profile = torch.profiler.profile(
                activities=[torch.profiler.ProfilerActivity.CPU]
            ).__enter__()
        elif epoch.number == 2:
            self.profile.__exit__(None, None, None)

    def top(self, many: int = 20) -> list[dict[str, object]]:
        """Return the operators that take most time themselves, with the profiler's own share in it."""
        events = self.profile.key_averages()
        whole = sum(event.self_cpu_time_total for event in events)
        most = sorted(events, key=lambda event: -event.self_cpu_time_total)[:many]
        return [
            {
                "operator": event.key,
                "share": round(event.self_cpu_time_total / whole, 4),
                "calls_per_step": round(event.count / self.batches, 1),
            }
            for event in most
        ]


def torso_side(table: Path, options: argparse.Namespace) -> dict[str, object]:
    """Return rates and scores of a training with the tones and of one without, as Ludwig's; and the operators."""
    epochs, seed = options.epochs, options.seed
    torch.set_num_threads(options.threads)  # at most: a training of small operators takes fewer
    frame = pd.read_csv(table)
    last = len(frame) - round(0.2 * len(frame))
    frame["part"] = ["train" if row < last else "validation" for row in range(len(frame))]
    whole = table.with_name("parts.csv")
    frame.to_csv(whole, index=False)
    without = table.with_name("without.csv")
    frame.drop(columns="audio").to_csv(without, index=False)
    shared = [*SETTINGS, *ALONE, f"training.epochs={epochs}", f"seed={seed}"]
    quiet = [
        setting.replace("width: 8, jitter", "width: 10, jitter")  # as many parameters as Ludwig
        for setting in shared
        if "audio" not in setting
    ]
    profiler = Profiler()  # comes first, so that what loads when used is loaded
    two = [setting.replace(f"epochs={epochs}", "epochs=2") for setting in shared]
    with tempfile.TemporaryDirectory() as cache:
        torso.fit(whole, TARGETS, settings=[*two, f"data.cache={cache}"], listener=profiler)
    figures: dict[str, object] = {"top_operators": profiler.top()}
    for name, path, settings in (
        ("as_ludwig", without, quiet),
        ("with_tones", whole, shared),
    ):
        clock = Clock()
        with tempfile.TemporaryDirectory() as cache:  # files are decoded anew
            settings = [*settings, f"data.cache={cache}"]
            predictor = torso.fit(path, TARGETS, settings=settings, listener=clock)
        figures[name] = {
            "parameters": predictor.metrics["training"]["parameters"],
            **{
                key: statistics.median(rate[place] for rate in clock.rates[1:])
                for place, key in enumerate(("rows_per_cpu_s", "rows_per_wall_s"))
            },
            "scores": clock.scores,
        }
    return figures


def reached(scores: list[dict[str, float]], goal: dict[str, float]) -> dict[str, float] | None:
    """Return the first epoch with every score at least the goal's, and its CPU seconds."""
    for epoch, score in enumerate(scores, start=1):
        if all(score[name] >= value for name, value in goal.items()):
            return {"epoch": epoch, "cpu_s": score["cpu_s"]}
    return None


def a_round(options: argparse.Namespace, table: Path, seed: int) -> dict[str, object]:
    """Measure both sides, each in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads), "HF_HUB_OFFLINE": "1"}

    def side(command: list[str]) -> dict:
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, env=environment, text=True
        )
        return json.loads(done.stdout.splitlines()[-1])

    threads = ["--threads", str(options.threads), "--seed", str(seed)]
    ours = side(
        [sys.executable, __file__, "--side", str(table), "--epochs", str(options.epochs), *threads]
    )
    script = str(HERE / "rivals" / "ludwig_training.py")
    theirs = side([options.ludwig, script, "--full", str(table), *threads])
    goal, training = theirs["default_training"]["score"], theirs["default_training"]
    found = {"torso": ours, "ludwig": theirs, "ratios": {}, "load": os.getloadavg()[0]}
    for name in ("as_ludwig", "with_tones"):
        mine = ours[name]
        mine["reached"] = hit = reached(mine.pop("scores"), goal)
        found["ratios"][name] = {
            **{
                f"{mode}_{unit}": mine[f"rows_per_{unit}_s"] / rates[f"rows_per_{unit}_s"]
                for mode, rates in theirs["image_mode"].items()
                for unit in ("cpu", "wall")
            },
            "time_to_score": hit["cpu_s"] / training["cpu_s_to_best_epoch"] if hit else None,
            "time_to_score_of_its_whole_training": hit["cpu_s"] / training["cpu_s_to_end"]
            if hit
            else None,
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ludwig", help="the Python of Ludwig's environment")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--side", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "training_race.json")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(torso_side(options.side, options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        table = make(Path(folder) / "full", 1797)
        rounds = [a_round(options, table, seed) for seed in range(options.rounds)]
    spread = {
        name: {
            key: [min(values), statistics.median(values), max(values)] if all(values) else values
            for key in rounds[0]["ratios"][name]
            for values in [[each["ratios"][name][key] for each in rounds]]
        }
        for name in rounds[0]["ratios"]
    }
    report = {
        "command": "python benchmarks/training_race.py --ludwig PYTHON"
        + (f" --threads {options.threads}" if options.threads > 1 else ""),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "torch": torch.__version__,
        "threads": options.threads,
        "seeds": [*range(options.rounds)],
        "ratios_least_median_most": spread,
        "rounds": rounds,
    }
    write_report(options.out, report)
    print(json.dumps(spread, indent=1))


if __name__ == "__main__":
    main()
