"""One training step before and after its trims, in turns in one process: CPU milliseconds and top 20 operators.

    OMP_NUM_THREADS=1 python benchmarks/training_step.py

Table and model are those of training_race.py without the tones. Before: PyTorch's own AdamW, which counts the steps of
every parameter by itself, its own clipping, and heads that pick the labelled rows where all rows have a label. Both
give the same weights to the last digit. Writes results/training_step.json.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from unittest import mock

import pandas as pd
import torch
from reports import write_report
from speed import SETTINGS
from torch import Tensor, nn
from training_race import ALONE

import torso
from torso.app.demo.digits import TARGETS, make
from torso.tasks import Head
from torso.training import Trainer

HERE = Path(__file__).resolve().parent
WITHOUT_TONES = [
    setting.replace("width: 8, jitter", "width: 10, jitter")
    for setting in (*SETTINGS, *ALONE)
    if "audio" not in setting and "split" not in setting
]


def trainer(folder: Path) -> Trainer:
    """Return the trainer of the digits' table, before its first step."""
    kept: list[Trainer] = []
    table = make(folder / "full", 1797)
    frame = pd.read_csv(table).drop(columns="audio")
    frame.to_csv(table, index=False)

    def stop(loop: Trainer, **_: object) -> None:
        kept.append(loop)
        raise InterruptedError

    with mock.patch.object(Trainer, "run", stop), suppress(InterruptedError):
        torso.fit(table, TARGETS, settings=[*WITHOUT_TONES, f"data.cache={folder}"])
    kept[0].model.train()
    return kept[0]


def _picked(
    head: Head, outputs: Tensor, targets: Tensor, weights: Tensor | None = None, /
) -> Tensor:
    assert weights is None
    rows = head.labelled(targets)
    of_rows = head.training_loss if head.training else head.nll
    return of_rows(outputs[rows], targets[rows]).mean()


@contextmanager
def before(loop: Trainer) -> Iterator[None]:
    """Take steps as they were."""
    plain = torch.optim.AdamW.step
    with ExitStack() as stack:
        for owner, name, old in (
            (Head, "loss", _picked),
            (Trainer, "_clip", lambda t: nn.utils.clip_grad_norm_(t.trained, t.config.clip)),
            (loop.optimizer, "step", lambda: plain(loop.optimizer)),
        ):
            stack.enter_context(mock.patch.object(owner, name, old))
        yield


def operators(loop: Trainer, batches: list, many: int = 20) -> list[dict[str, object]]:
    """Return the operators that take most time themselves, with the profiler's own share in it."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for batch in batches:
            loop._step(batch)
    events = profile.key_averages()
    whole = sum(event.self_cpu_time_total for event in events)
    calls = sum(event.count for event in events)
    most = sorted(events, key=lambda event: -event.self_cpu_time_total)[:many]
    return [
        {"operator": "all", "share": 1.0, "calls_per_step": round(calls / len(batches), 1)},
        *(
            {
                "operator": event.key,
                "share": round(event.self_cpu_time_total / whole, 4),
                "calls_per_step": round(event.count / len(batches), 1),
            }
            for event in most
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "training_step.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        loop = trainer(Path(folder))
        batches = list(loop.training)
    ways = {"before": lambda: before(loop), "after": nullcontext}
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(1 + options.rounds):
        for way, context in ways.items():
            with context():
                began = time.process_time()
                for batch in batches:
                    loop._step(batch)
                spent[way].append(1e3 * (time.process_time() - began) / len(batches))
    ratios = [a / b for a, b in zip(spent["after"][1:], spent["before"][1:], strict=True)]
    report = {
        "command": "python benchmarks/training_step.py",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "torch": torch.__version__,
        "threads": 1,
        "load": os.getloadavg()[0],
        "parameters": sum(parameter.numel() for parameter in loop.trained),
        "cpu_ms_per_step": {way: statistics.median(found[1:]) for way, found in spent.items()},
        "least_cpu_ms_per_step": {way: min(found[1:]) for way, found in spent.items()},
        "after_over_before": [min(ratios), statistics.median(ratios), max(ratios)],
        "top_operators": {},
    }
    for way, context in ways.items():
        with context():
            report["top_operators"][way] = operators(loop, batches)
    write_report(options.out, report)
    print({key: value for key, value in report.items() if key != "top_operators"})


if __name__ == "__main__":
    main()
