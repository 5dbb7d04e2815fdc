"""Two regressions of chosen relatedness: does a shared bottom fall behind MMoE as the tasks grow apart?

    OMP_NUM_THREADS=1 python benchmarks/published/mmoe_synthetic.py         # about 10 minutes

The data of Ma et al., KDD 2018 (https://doi.org/10.1145/3219819.3220007), section 3.3: orthogonal unit vectors u1, u2;
`w1 = c u1`, `w2 = c (p u1 + sqrt(1 - p²) u2)`, `x ~ N(0, I)` of 100 numbers, and
`y_k = w_k x + sum_i sin(a_i w_k x + b_i) + noise` with a standard deviation of 0.1. p is the correlation of the linear
parts. The paper's figure shows the direction that is to come back: "shared bottom" loses more the lower p is, and
MMoE loses less. It does not print c, a and b: here c is 1, and a_i = i, b_i = (i - 1)² for i from 1 to 5. With 10,000
rows all networks overfit, and the width of a bottom says more than how it is shared; hence 60,000. As in the paper,
8 experts of 16 numbers, a tower of 8 per task, and as many parameters for all: the widths of the shared bottom and of
the two single networks are the largest that keep within MMoE's number. Beside them a shared bottom as narrow as one
expert, which later code takes for the paper's. All are Torso's own parts.

A seed draws the data, the weights and the order of rows, the same for all. The rate is that of `RATES` with the lower
error on validation rows. Mean squared errors on test rows, in units of the target's variance. Writes
results/published_mmoe.json and, with matplotlib, a picture.
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
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from picture_style import MARKERS, WIDTH, pyplot, save  # noqa: E402
from small_training import interval  # noqa: E402

from torso.core.types import Tokens  # noqa: E402
from torso.sharing import Sharing  # noqa: E402
from torso.tasks.number import Gaussian  # noqa: E402

TASKS = ["one", "two"]
INPUTS, EXPERTS, EXPERT, TOWER = 100, 8, 16, 8
SCALE, SINES, NOISE = 1.0, 5, 0.1
CORRELATIONS = (1.0, 0.9, 0.5, 0.0)
ROWS, TEST, BATCH, EPOCHS = 60_000, 10_000, 200, 8
RATES = (1e-3, 1e-2)


class Rows(NamedTuple):
    """Inputs `[rows, 100]` and targets `[rows, 2]`."""

    x: Tensor
    y: Tensor


def draw(correlation: float, seed: int) -> tuple[Rows, Rows, Rows]:
    """Return rows to train, to validate and to test."""
    rng = np.random.default_rng(seed)
    u = np.linalg.qr(rng.standard_normal((INPUTS, 2)))[0].T
    w = SCALE * np.stack([u[0], correlation * u[0] + np.sqrt(1.0 - correlation**2) * u[1]])
    x = rng.standard_normal((ROWS + 2 * TEST, INPUTS))
    along = x @ w.T
    y = along + sum(np.sin((i + 1) * along + i**2) for i in range(SINES))
    y += NOISE * rng.standard_normal(y.shape)
    parts = (torch.from_numpy(one).float().split([ROWS, TEST, TEST]) for one in (x, y))
    fit, validation, test = map(Rows, *parts)
    return fit, validation, test


class Network(nn.Module):
    """A sharing and a tower per task."""

    def __init__(self, sharing: Any, tasks: list[str], y: Tensor) -> None:
        super().__init__()
        self.tasks = tasks
        self.sharing = Sharing.registry.build(sharing, tasks=tasks, dim=INPUTS)
        self.heads = nn.ModuleDict(
            {
                task: Gaussian(
                    self.sharing.width,
                    mean=float(y[:, TASKS.index(task)].mean()),
                    std=float(y[:, TASKS.index(task)].std()),
                    spread="none",
                    hidden=TOWER,
                )
                for task in tasks
            }
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        vectors = self.sharing({"shared": Tokens.vector(x)})
        return {task: self.heads[task](vectors[task]) for task in self.tasks}


def size(sharing: Any, tasks: list[str]) -> int:
    network = Network(sharing, tasks, torch.randn(9, 2))
    return sum(one.numel() for one in network.parameters())


def widest(tasks: list[str], most: int) -> int:
    """Return the width of a bottom layer with which a network has at most so many parameters."""
    width = 1
    while size({"type": "hard", "hidden": [width + 1]}, tasks) <= most:
        width += 1
    return width


def train(sharing: Any, tasks: list[str], rows: Rows, rate: float, seed: int) -> Network:
    torch.manual_seed(seed)
    network = Network(sharing, tasks, rows.y)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
    steps = EPOCHS * -(-ROWS // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(EPOCHS):
        for some in torch.randperm(ROWS).split(BATCH):
            outputs = network(rows.x[some])
            losses = [
                network.heads[task].loss(outputs[task], rows.y[some, TASKS.index(task)])
                for task in tasks
            ]
            optimizer.zero_grad()
            torch.stack(losses).sum().backward()
            optimizer.step()
            schedule.step()
    return network


@torch.no_grad()
def errors(network: Network, rows: Rows) -> dict[str, float]:
    """Return task -> mean squared error over the target's variance."""
    outputs = network.eval()(rows.x)
    found = {}
    for task in network.tasks:
        truth = rows.y[:, TASKS.index(task)]
        gap = network.heads[task].predict(outputs[task]).flatten() - truth
        found[task] = (gap.square().mean() / truth.var()).item()
    return found


def best(sharing: Any, tasks: list[str], parts: tuple[Rows, Rows, Rows], seed: int) -> Any:
    """Return the test errors of the rate with the lower validation error."""
    fit, validation, test = parts
    networks = [train(sharing, tasks, fit, rate, seed) for rate in RATES]
    chosen = min(networks, key=lambda one: sum(errors(one, validation).values()))
    return errors(chosen, test)


def run(models: dict[str, Any], correlation: float, seed: int) -> dict[str, Any]:
    parts = draw(correlation, seed)
    found: dict[str, Any] = {"labels": float(np.corrcoef(parts[0].y.T.numpy())[0, 1])}
    for name, sharing in models.items():
        groups = [[task] for task in TASKS] if name == "single" else [TASKS]
        found[name] = {}
        for tasks in groups:
            found[name] |= best(sharing, tasks, parts, seed)
    return found


def gap(one: dict[str, Any], name: str) -> float:
    """Return the shared bottom's mean error less that of `name` in a run."""
    return statistics.fmean(one["shared bottom"].values()) - statistics.fmean(one[name].values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE.parent / "results" / "published_mmoe.json")
    parser.add_argument("--draw", action="store_true", help="no runs: draw what is there")
    options = parser.parse_args()
    if options.draw:
        picture(json.loads(options.out.read_text()), options.out.with_suffix(".png"))
        return
    mmoe = {"type": "mmoe", "experts": EXPERTS, "hidden": [EXPERT]}
    most = size(mmoe, TASKS)
    hard = {"type": "hard", "hidden": [widest(TASKS, most)]}
    alone = {"type": "hard", "hidden": [widest(TASKS[:1], most // 2)]}
    narrow = {"type": "hard", "hidden": [EXPERT]}
    models = {"shared bottom": hard, "mmoe": mmoe, "single": alone, "narrow bottom": narrow}
    report: dict[str, Any] = {
        "command": " ".join(["python benchmarks/published/mmoe_synthetic.py", *sys.argv[1:]]),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "threads": torch.get_num_threads(),
        "seeds": options.seeds,
        "settings": {"sines": SINES, "scale": SCALE, "noise": NOISE, "rows": ROWS, "rates": RATES}
        | {"epochs": EPOCHS, "batch": BATCH},
        "parameters": {name: size(one, TASKS) for name, one in models.items()}
        | {"single": 2 * size(alone, TASKS[:1])},
        "models": models,
        "correlations": {},
    }
    began = time.process_time()
    for correlation in CORRELATIONS:
        runs = [run(models, correlation, seed) for seed in range(options.seeds)]
        means = {name: [statistics.fmean(one[name].values()) for one in runs] for name in models}
        gaps = {
            name: [a - b for a, b in zip(means[name], means[other], strict=True)]
            for name, other in (("shared bottom", "single"), ("mmoe", "single"))
        }
        gaps = {f"{name} minus single": some for name, some in gaps.items()}
        for bottom in ("shared bottom", "narrow bottom"):
            pairs = zip(means[bottom], means["mmoe"], strict=True)
            gaps[f"{bottom} minus mmoe"] = [a - b for a, b in pairs]
        one = {
            "labels": statistics.fmean(one["labels"] for one in runs),
            "error": {name: interval(some) for name, some in means.items()},
            "gap": {name: interval(some) for name, some in gaps.items()},
            "runs": runs,
        }
        report["correlations"][str(correlation)] = one
        for key in ("error", "gap"):
            found = {name: [round(x, 4) for x in some.values()] for name, some in one[key].items()}
            print(correlation, key, found, flush=True)
    first, last = (
        report["correlations"][str(one)]["runs"] for one in (CORRELATIONS[0], CORRELATIONS[-1])
    )
    for name in ("mmoe", "single"):
        growth = [gap(b, name) - gap(a, name) for a, b in zip(first, last, strict=True)]
        key = f"growth of shared bottom minus {name}, first to last correlation"
        report[key] = interval(growth)
        print(key, [round(x, 4) for x in report[key].values()], flush=True)
    report["cpu_s"] = time.process_time() - began
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    picture(report, options.out.with_suffix(".png"))


def picture(report: dict[str, Any], file: Path) -> None:
    """Draw the errors, and the gaps between them, against the correlation."""
    drawing = pyplot()
    if drawing is None:
        return
    figure, panels = drawing.subplots(1, 2, figsize=(WIDTH, 4.6))
    correlations = [float(one) for one in report["correlations"]]
    found = list(report["correlations"].values())
    titles = {"error": "mean squared error / variance", "gap": "differences of the same"}
    for axis, (key, title) in zip(panels, titles.items(), strict=True):
        names = list(found[0][key])
        for index, (name, marker) in enumerate(zip(names, MARKERS, strict=False)):
            means = np.array([one[key][name]["mean"] for one in found])
            halves = np.array([one[key][name]["high"] for one in found]) - means
            beside = 0.012 * (index - (len(names) - 1) / 2)  # so that no bar hides another
            axis.errorbar(
                np.array(correlations) + beside, means, halves, label=name, capsize=3, marker=marker
            )
        axis.set_xlabel("correlation of the tasks' weights")
        axis.set_title(title)
        axis.invert_xaxis()
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15))
    panels[1].axhline(0.0, color="0.6", linewidth=0.8)
    figure.tight_layout()
    save(figure, file)


if __name__ == "__main__":
    main()
