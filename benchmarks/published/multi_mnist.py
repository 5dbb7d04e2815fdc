"""MultiMNIST, left and right digit, beside the numbers of Sener and Koltun (NeurIPS 2018, table 3).

    python benchmarks/published/multi_mnist.py --seeds 0 1 2

Their network and recipe (`multi_mnist_data.py`), 60,000 training pictures, batch 256; here Adam with a one-cycle
rate and far fewer epochs than their 100, and no dropout, so that the order of the methods can be compared, not the
last tenth. `single` trains one network per digit. Writes results/published_multi_mnist.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from torso.balancing import Balancer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[1] / "examples"))
from _data import data_folder  # noqa: E402
from multi_mnist_data import LeNet, Pictures, pictures  # noqa: E402

PAPER = {
    "single": (97.23, 95.90),
    "equal": (96.46, 94.99),
    "uncertainty": (96.47, 95.29),
    "gradnorm": (96.27, 94.84),
    "mgda_ub": (97.26, 95.90),
}
SPECS: dict[str, Any] = {
    "equal": "equal",
    "uncertainty": "uncertainty",
    "gradnorm": {"type": "gradnorm", "gram": "exact"},
    "mgda_ub": {"type": "mgda", "gram": "representation"},
    "upgrad": {"type": "upgrad", "gram": "exact"},
    "famo": "famo",
}


def train(spec: Any, seed: int, data: Pictures, epochs: int, places: list[int]) -> LeNet:
    """Return a network trained on the losses of `places`."""
    torch.manual_seed(seed)
    model = LeNet()
    balancer = Balancer.registry.build(spec, tasks=[("left", "right")[k] for k in places])
    parameters = [*model.parameters(), *balancer.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=2e-3)
    steps = epochs * -(-len(data.images) // 256)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    shared, own = list(model.body.parameters()), list(model.heads.parameters())

    def measure(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features, logits = model(data.images[rows])
        return features, torch.stack(
            [functional.cross_entropy(logits[k], data.classes[rows, k]) for k in places]
        )

    for _ in range(epochs):
        for rows in torch.randperm(len(data.images)).split(256):
            features, losses = measure(rows)
            optimizer.zero_grad()
            used = [one for k, one in enumerate(model.heads) if k in places]
            mine = own if len(used) == 2 else list(used[0].parameters())
            balancer.backward(losses, shared, own=mine, representation=[features])
            optimizer.step()
            schedule.step()
            balancer.after_step(lambda rows=rows: measure(rows)[1].detach())
        balancer.end_epoch()
    return model


@torch.no_grad()
def accuracy(model: LeNet, data: Pictures) -> list[float]:
    """Return the percentage of right answers for both places."""
    _, logits = model.eval()(data.images)
    return [
        100 * (one.argmax(1) == data.classes[:, k]).double().mean().item()
        for k, one in enumerate(logits)
    ]


def spread(values: tuple[float, ...]) -> float | None:
    """Return the standard deviation over seeds; None for a single one."""
    return statistics.stdev(values) if len(values) > 1 else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--methods", nargs="+", default=["single", *SPECS])
    out = HERE.parent / "results" / "published_multi_mnist.json"
    parser.add_argument("--out", type=Path, default=out)
    options = parser.parse_args()
    folder = data_folder("mnist").parent
    fit, test = pictures(folder, "train", options.rows, seed=1), pictures(folder, "t10k", 10_000)
    report: dict[str, Any] = {
        "command": " ".join(["python benchmarks/published/multi_mnist.py", *sys.argv[1:]]),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "threads": torch.get_num_threads(),
        "seeds": options.seeds,
        "epochs": options.epochs,
        "rows": options.rows,
        "methods": {},
    }
    for name in options.methods:
        found, began = [], time.process_time()
        for seed in options.seeds:
            if name == "single":
                both = [train("equal", seed, fit, options.epochs, [k]) for k in (0, 1)]
                found.append([accuracy(model, test)[k] for k, model in enumerate(both)])
            else:
                found.append(accuracy(train(SPECS[name], seed, fit, options.epochs, [0, 1]), test))
        left, right = zip(*found, strict=True)
        report["methods"][name] = {
            "left": {"mean": statistics.fmean(left), "std": spread(left), "values": left},
            "right": {"mean": statistics.fmean(right), "std": spread(right), "values": right},
            "paper": PAPER.get(name),
            "cpu_s": time.process_time() - began,
        }
        print(name, [[round(one, 2) for one in pair] for pair in found], flush=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
