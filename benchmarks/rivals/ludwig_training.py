"""Ludwig's side of ../training_race.py: one process, CPU and wall seconds; one JSON on standard output.

The model, the table and the stand-ins are those of ludwig_speed.py.

    python benchmarks/rivals/ludwig_training.py --full full/table.csv
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import ludwig_speed as rival


def _clock() -> object:
    """Return a callback that notes CPU and wall seconds around epochs and evaluations."""
    from ludwig.callbacks import Callback

    class Clock(Callback):
        def __init__(self) -> None:
            self.epochs: list[tuple[float, float]] = []
            self.ends: list[float] = []

        def on_epoch_start(self, *_: object, **__: object) -> None:
            self.cpu, self.wall = time.process_time(), time.perf_counter()
            self.eval_cpu = self.eval_wall = 0.0

        def on_eval_start(self, *_: object, **__: object) -> None:
            self.eval_cpu -= time.process_time()
            self.eval_wall -= time.perf_counter()

        def on_eval_end(self, *_: object, **__: object) -> None:
            self.eval_cpu += time.process_time()
            self.eval_wall += time.perf_counter()

        def on_epoch_end(self, *_: object, **__: object) -> None:
            cpu, wall = time.process_time(), time.perf_counter()
            spent = (cpu - self.cpu - self.eval_cpu, wall - self.wall - self.eval_wall)
            self.epochs.append(spent)
            self.ends.append(cpu)

    return Clock()


def fit(
    table: object, mode: str, epochs: int, early_stop: int, seed: int
) -> tuple[object, object, dict]:
    """Return a trained model, its clock, and CPU seconds until training ended and until the best epoch."""
    from ludwig.api import LudwigModel

    settings = rival.config(mode, epochs)
    settings["trainer"]["early_stop"] = early_stop
    clock = _clock()
    model = LudwigModel(settings, backend="local", callbacks=[clock], logging_level=logging.ERROR)
    began = time.process_time()
    prepared = rival.preprocess(model, table, seed)
    saved = ("model",) if early_stop >= 0 else ()  # else its best epoch is lost
    rival.train_on(model, prepared, seed, *saved)
    ends = [end - began for end in clock.ends]
    # Ludwig stops that many epochs after its best one; the earlier figure is the one in its favour.
    best = len(ends) - early_stop if 0 < early_stop < len(ends) < epochs else len(ends)
    return (
        model,
        clock,
        {
            "epochs": len(ends),
            "best_epoch": best,
            "cpu_s_to_best_epoch": ends[best - 1],
            "cpu_s_to_end": ends[-1],
        },
    )


def measure(options: argparse.Namespace) -> dict:
    """Return rates of each image mode, and a training with Ludwig's own early stopping."""
    rival._import_ludwig()
    import torch
    from ludwig.globals import set_disable_progressbar

    torch.set_num_threads(options.threads)
    set_disable_progressbar(True)
    table = rival.read(options.full)
    rows = len(rival.split(table)[0])
    modes = {}
    for mode in rival.IMAGE_MODES:
        _, clock, _ = fit(table, mode, options.epochs, -1, options.seed)
        modes[mode] = {
            key: rows / statistics.median(epoch[place] for epoch in clock.epochs[1:])
            for place, key in enumerate(("rows_per_cpu_s", "rows_per_wall_s"))
        }
    model, _, training = fit(
        table, "eager", 100, 5, options.seed
    )  # Ludwig's defaults for both numbers
    training["score"] = rival.measure_quality(model, table)
    return {"image_mode": modes, "default_training": training}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        figures = measure(options)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
