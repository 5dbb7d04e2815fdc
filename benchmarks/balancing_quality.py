"""Does the sketched Gram matrix train as well as the exact one? Five seeds on three data sets.

    python benchmarks/balancing_quality.py                 # all
    python benchmarks/balancing_quality.py --only multi_mnist --seeds 0 1

`multi_mnist` and `fashion_mnist` (a digit and a piece of clothing) train LeNet in a plain loop;
`talking_stamps` trains Torso's model on a part of the table, five tasks. The same seed gives both modes the
same weights, the same order of batches and the same rows. Every `EVERY` steps of a sketched LeNet run the exact
direction is computed besides, and its cosine with the sketched one noted; of a run of Torso's trainer every look
but the first is one such comparison, since the log holds that batch's Gram matrix and the weights in use until
then (the oldest they get). Means over the seeds with 95 % t-intervals. Writes results/balancing_quality.json.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from reports import write_report
from scipy import stats
from torch.nn import functional

from torso.balancing import Balancer
from torso.balancing.engine.task_gradients import TaskGradients
from torso.training import Listener, Look

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "published"))
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402
from multi_mnist_data import LeNet, Pictures, pictures  # noqa: E402

EVERY = 20
MODES = ("exact", "sketch")


def lenet(
    method: str, mode: str, seed: int, train: Pictures, test: Pictures, epochs: int
) -> dict[str, Any]:
    """Train on both places and return their test accuracies and the cosines to the exact direction."""
    torch.manual_seed(seed)
    model = LeNet()
    spec = {"type": method, "gram": mode} if mode else method
    balancer = Balancer.registry.build(spec, tasks=["left", "right"])
    optimizer = torch.optim.Adam([*model.parameters(), *balancer.parameters()], lr=1e-3)
    shared = list(model.body.parameters())
    own = list(model.heads.parameters())
    cosines: list[float] = []
    began, step = time.process_time(), 0
    for _ in range(epochs):
        for rows in torch.randperm(len(train.images)).split(256):
            step += 1
            _, logits = model(train.images[rows])
            classes = train.classes[rows]
            losses = torch.stack(
                [functional.cross_entropy(one, classes[:, k]) for k, one in enumerate(logits)]
            )
            optimizer.zero_grad()
            if mode == "sketch" and step % EVERY == 0:
                cosines.append(cosine(balancer, losses, shared))
            balancer.backward(losses, shared, own=own)
            optimizer.step()
            balancer.after_step(losses.detach)
    seconds = time.process_time() - began
    model.eval()
    with torch.no_grad():
        _, logits = model(test.images)
    right = [
        (one.argmax(1) == test.classes[:, k]).double().mean().item() for k, one in enumerate(logits)
    ]
    return {"left": right[0], "right": right[1], "cosines": cosines, "cpu_s": seconds}


def cosine(balancer: Any, losses: torch.Tensor, shared: list[Any]) -> float:
    """Return the cosine of the direction of the weights in use with that of this batch's exact ones."""
    present = torch.ones(len(losses), dtype=torch.bool)
    gradients = TaskGradients(losses, shared, present)
    exact = balancer.weights(gradients.gram).to(gradients.matrix) @ gradients.matrix
    found = balancer.used.to(gradients.matrix) @ gradients.matrix
    return float(functional.cosine_similarity(exact, found, dim=0))


def digits(
    data: Path, method: str, options: argparse.Namespace, *, fashion: bool
) -> dict[str, Any]:
    """Return the runs of both modes, and of the plain sum."""
    train = pictures(data, "train", options.rows, seed=1, fashion=fashion)
    test = pictures(data, "t10k", 5000, seed=2, fashion=fashion)
    return {
        mode or "equal": [
            lenet(method if mode else "equal", mode, seed, train, test, options.epochs)
            for seed in options.seeds
        ]
        for mode in (*MODES, "")
    }


class Compared(Listener):
    """Compares, at every look but the first, the weights in use until then with those of this batch."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.cosines: list[float] = []
        self.used: torch.Tensor | None = None

    def looked(self, look: Look) -> None:
        """Note the cosine of the two directions under this batch's Gram matrix."""
        gram = torch.tensor(look.gram, dtype=torch.float64)
        if self.used is not None and bool(gram.isfinite().all()):
            exact = Balancer.registry.build(self.method, tasks=len(gram)).weights(gram)
            lengths = [(one @ gram @ one).sqrt() for one in (exact, self.used)]
            self.cosines.append(float(exact @ gram @ self.used / lengths[0] / lengths[1]))
        self.used = torch.tensor(list(look.weights.values()), dtype=torch.float64)


def stamps(data: Path, method: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the runs of both modes, and of the plain sum, on a part of Talking Stamps."""
    from stamps import RECIPE, TARGETS, inputs
    from stamps import stamp_table as table

    import torso

    folder = data / "talking_stamps"
    whole = table(folder)
    keep = sorted(set(whole["id"]))[:: options.every]
    part = whole[whole["id"].isin(keep)]
    runs: dict[str, Any] = {}
    for mode in (*MODES, ""):
        balancing = {"type": method, "gram": mode} if mode else "equal"
        runs[mode or "equal"] = []
        for seed in options.seeds:
            began = time.process_time()
            compared = Compared(method)
            predictor = torso.fit(
                part,
                TARGETS,
                inputs=inputs(folder),
                settings=[
                    *RECIPE,
                    f"seed={seed}",
                    f"balancing={json.dumps(balancing)}",
                    f"training.epochs={options.stamp_epochs}",
                ],
                listener=compared if mode == "sketch" else None,
            )
            runs[mode or "equal"].append(
                {
                    **{
                        task: report.metrics[report.headline].value
                        for task, report in predictor.reports.items()
                    },
                    **({"cosines": compared.cosines} if compared.cosines else {}),
                    "cpu_s": time.process_time() - began,
                }
            )
    return runs


def summary(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return mean, interval and whether either mode's mean lies in the other's interval, per task."""
    tasks = [key for key in runs["exact"][0] if key not in ("cosines", "cpu_s")]
    means: dict[str, Any] = {}
    for task in tasks:
        means[task] = {mode: interval([one[task] for one in runs[mode]]) for mode in runs}
        exact, sketch = means[task]["exact"], means[task]["sketch"]
        means[task]["sketch_in_exact"] = exact["low"] <= sketch["mean"] <= exact["high"]
        means[task]["exact_in_sketch"] = sketch["low"] <= exact["mean"] <= sketch["high"]
    cosines = [one for run in runs["sketch"] for one in run.get("cosines", [])]
    return {
        "tasks": means,
        "median_cosine": statistics.median(cosines) if cosines else None,
        "lowest_tenth_of_cosines": statistics.quantiles(cosines, n=10)[0] if cosines else None,
        "cpu_s": {mode: statistics.median(one["cpu_s"] for one in runs[mode]) for mode in runs},
    }


def interval(values: list[float]) -> dict[str, Any]:
    """Return the mean and its 95 % t-interval."""
    mean = statistics.fmean(values)
    half = math.inf
    if len(values) > 1:
        factor = float(stats.t.ppf(0.975, len(values) - 1))
        half = factor * statistics.stdev(values) / len(values) ** 0.5
    return {"mean": mean, "low": mean - half, "high": mean + half, "values": values}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--method", default="upgrad")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--every", type=int, default=8, help="keep every so-manieth stamp")
    parser.add_argument("--stamp-epochs", type=int, default=4)
    parser.add_argument("--only", choices=["multi_mnist", "fashion_mnist", "talking_stamps"])
    parser.add_argument("--out", type=Path, default=HERE / "results" / "balancing_quality.json")
    options = parser.parse_args()
    data = data_folder("mnist").parent
    report: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "method": options.method,
        "seeds": options.seeds,
    }
    if options.out.exists():
        report = {**json.loads(options.out.read_text()), **report}
    for name in ("multi_mnist", "fashion_mnist", "talking_stamps"):
        if options.only in (None, name):
            runs = (
                stamps(data, options.method, options)
                if name == "talking_stamps"
                else digits(data, options.method, options, fashion=name == "fashion_mnist")
            )
            command = " ".join([f"python benchmarks/{Path(__file__).name}", *sys.argv[1:]])
            report[name] = {"command": command, **summary(runs)}
            print(name, json.dumps(report[name], indent=1), flush=True)
    write_report(options.out, report)


if __name__ == "__main__":
    main()
