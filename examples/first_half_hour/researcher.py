"""The first half hour of a researcher: balancers in a loop of one's own, then fusions by `torso.fit`.

python examples/first_half_hour/researcher.py
"""

import csv
import tempfile
from pathlib import Path

import torch
from _orders import orders
from torch import nn

import torso
from torso.balancing import Balancer


def own_loop(name: str, steps: int = 150) -> dict[str, float]:
    """Return the last losses of two regressions on one body, of which the second has a hundredfold scale."""
    torch.manual_seed(0)
    x = torch.randn(256, 6)
    targets = [x[:, :1].sin() + x[:, 1:2], 100 * (x[:, 2:3] * x[:, 3:4] - x[:, :1])]
    body = nn.Sequential(nn.Linear(6, 32), nn.ReLU())
    heads = nn.ModuleList([nn.Linear(32, 1), nn.Linear(32, 1)])
    balancer = Balancer.registry.build(name, tasks=["small", "large"])
    parts = [*body.parameters(), *heads.parameters(), *balancer.parameters()]
    optimizer = torch.optim.Adam(parts, lr=1e-2)
    for step in range(steps):

        def losses() -> torch.Tensor:
            features = body(x)
            return torch.stack(
                [(h(features) - y).square().mean() for h, y in zip(heads, targets, strict=True)]
            )

        optimizer.zero_grad()
        balancer.backward(losses(), list(body.parameters()))
        optimizer.step()
        balancer.after_step(losses)
        if step % 50 == 49:
            balancer.end_epoch()
    shares = losses().detach() / torch.stack([y.var() for y in targets])
    return dict(zip(balancer.tasks, shares.tolist(), strict=True))


def table_fit(folder: Path, **settings: object) -> dict[str, float]:
    """Return the held-out headline metric of each task."""
    small = {
        "training.epochs": 12,
        "training.lr": 0.003,
        "dim": 32,
        "folds": 0,
        "blend": "off",
        "pretrained": "off",
        "inputs.note.kind": "text",
        "encoders.note": "ngrams",
    }
    predictor = torso.fit(folder / "orders.csv", ["price", "fruit"], settings={**small, **settings})
    return {
        f"{task} {report.headline}": report.metrics[report.headline].value
        for task, report in predictor.reports.items()
    }


def main() -> None:
    print("unexplained share of the variance of each task, in a loop of one's own")
    for name in ("equal", "uncertainty", "dwa", "pcgrad", "upgrad"):
        print(f"  {name:12s}", *(f"{task} {loss:.2f}  " for task, loss in own_loop(name).items()))

    with tempfile.TemporaryDirectory() as folder:
        rows = orders(160)
        with (Path(folder) / "orders.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        choices = [{"fusion": fusion} for fusion in ("concat", "gated", "bottleneck")]
        for chosen in [*choices, {"balancing": "upgrad"}]:
            scores = table_fit(Path(folder), **chosen)
            words = ", ".join(f"{key}={value}" for key, value in chosen.items())
            print(f"{words:18s}", *(f"{name} {value:.3f}  " for name, value in scores.items()))


if __name__ == "__main__":
    main()
