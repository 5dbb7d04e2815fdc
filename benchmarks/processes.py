"""How much faster two processes train one network than one does.

    python benchmarks/processes.py --out benchmarks/results/processes.json

The same table, network, seed and batches, in turns: one process, two, one, two ... Each has one thread. The network is
bound by what it computes: wide layers on vectors, one shared body, two tasks. Reported are seconds of an epoch by the
clock (the fastest of a training, since other work only adds), CPU seconds of the first process, the load of the machine, and
how far the losses of both ways are apart.

Where other work has the cores, two processes wait for each other, and the clock says little. So the script also writes the
time that a step would take with a core for each: the CPU seconds of the first process, which include its messages.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from reports import write_report

import torso
from torso.training import Epoch, Listener


@dataclass
class Clock(Listener):
    """Notes seconds and CPU seconds of each epoch's steps."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    _began: float = 0.0
    shows_notes = True

    def started(self, epochs: int, batches: int) -> None:
        del epochs, batches
        self._began = process_time()

    def epoch_done(self, epoch: Epoch) -> None:
        now = process_time()
        self.wall.append(epoch.seconds)
        self.cpu.append(now - self._began)
        self.losses.append(sum(epoch.training.values()))
        self._began = now


def table(rows: int, width: int) -> dict[str, object]:
    """Return vectors and two targets that follow from them."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(rows, width)).astype(np.float32)
    way = draw.normal(size=(width, 2)) / width**0.5
    y = np.tanh(x @ way) + 0.1 * draw.normal(size=(rows, 2))
    return {"signal": list(x), "first": y[:, 0], "second": y[:, 1] > 0}


def train(data: dict[str, object], processes: int, arguments: argparse.Namespace) -> Clock:
    """Return the clock of one training."""
    clock = Clock()
    settings = {
        "folds": 0,
        "blend": "off",
        "dim": arguments.dim,
        "encoders.signal": {"type": "mlp", "hidden": [arguments.hidden], "dropout": 0.0},
        "fusion": {"type": "concat", "dropout": 0.0},
        "training.epochs": arguments.epochs,
        "training.batch_size": arguments.batch,
        "training.modality_dropout": 0.0,
        "training.optimizer": "sgd",
        "training.lr": 0.01,
        "training.threads": 1,
        "inputs.signal.kind": "vector",
    }
    torso.fit(
        data,
        ["first", "second"],
        settings=settings,
        processes=processes,
        listener=clock,
        progress=False,
    )
    return clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=8192)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--hidden", type=int, default=2048)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = table(arguments.rows, arguments.width)
    rounds: list[dict[str, object]] = []
    for number in range(arguments.rounds):
        load = os.getloadavg()[0]
        began = perf_counter()
        one, two = (train(data, processes, arguments) for processes in (1, 2))
        apart = max(abs(a - b) / abs(a) for a, b in zip(one.losses, two.losses, strict=True))
        rounds.append(
            {
                "load_before": round(load, 2),
                "seconds_of_an_epoch": {"one": min(one.wall), "two": min(two.wall)},
                "cpu_seconds_of_the_first": {"one": min(one.cpu), "two": min(two.cpu)},
                "faster_by_the_clock": min(one.wall) / min(two.wall),
                "less_cpu_in_the_first": min(one.cpu) / min(two.cpu),
                "losses_apart": apart,
                "took": round(perf_counter() - began, 1),
            }
        )
        print(number, json.dumps(rounds[-1]), file=sys.stderr)
    result = {
        "command": " ".join(["python", "benchmarks/processes.py", *sys.argv[1:]]),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "settings": {
            key: value for key, value in vars(arguments).items() if key not in ("out", "rounds")
        },
        "rounds": rounds,
        "faster_by_the_clock": {
            "median": median(each["faster_by_the_clock"] for each in rounds),
            "best": max(each["faster_by_the_clock"] for each in rounds),
        },
        "less_cpu_in_the_first": {
            "median": median(each["less_cpu_in_the_first"] for each in rounds),
        },
    }
    print(json.dumps(result, indent=1))
    if arguments.out:
        write_report(arguments.out, result)


if __name__ == "__main__":
    main()
