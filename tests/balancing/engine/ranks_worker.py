"""One process of a small group: three steps with a balancer, on its part of the rows.

    python -m tests.balancing.engine.ranks_worker RANK FOLDER SPECS

Writes the parameters it ends with. `train` of a world of one process takes the whole batch: the reference.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from torso.balancing import Balancer
from torso.balancing.engine.ranks import losses_over_ranks

TASKS = ["one", "two", "three"]
ROWS, STEPS = 12, 4


def batch(step: int) -> tuple[Tensor, Tensor]:
    """Return inputs and targets of a step; `three` has labels in the first rows only, once in none."""
    draw = torch.Generator().manual_seed(step)
    x = torch.randn(ROWS, 5, generator=draw, dtype=torch.float64)
    y = torch.randn(ROWS, len(TASKS), generator=draw, dtype=torch.float64)
    y[4 if step != 2 else 0 :, 2] = torch.nan
    y[::3, 1] = torch.nan
    return x, y


def train(spec: Any, rank: int, world: int) -> list[Tensor]:
    """Return the parameters after some steps of plain gradient descent."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 4)).double()
    heads = nn.ModuleList(nn.Linear(4, 1) for _ in TASKS).double()
    balancer = Balancer.registry.build(spec, tasks=TASKS).double()
    if world > 1:
        balancer.distribute()
    learned = [*body.parameters(), *heads.parameters(), *balancer.parameters()]
    optimizer = torch.optim.SGD(learned, lr=0.05)
    for step in range(STEPS):
        x, y = (part[rank * ROWS // world : (rank + 1) * ROWS // world] for part in batch(step))

        def measure(x: Tensor = x, y: Tensor = y) -> tuple[Tensor, Tensor, Tensor]:
            features = body(x)
            actual = torch.cat([head(features) for head in heads], dim=1)
            known = ~y.isnan()
            errors = torch.where(known, (actual - y.nan_to_num()) ** 2, 0.0)
            counts = known.sum(dim=0)
            losses = errors.sum(dim=0) / counts.clamp(min=1)
            if world > 1:
                return features, *losses_over_ranks(losses, counts)
            return features, losses, counts > 0

        features, losses, present = measure()
        optimizer.zero_grad()
        balancer.backward(
            losses,
            list(body.parameters()),
            present,
            own=list(heads.parameters()),
            representation=[features],
        )
        optimizer.step()
        balancer.after_step(lambda measure=measure: measure()[1].detach())
    balancer.end_epoch()
    return [one.detach() for one in learned]


def main() -> None:
    rank, folder = int(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    specs = json.loads(sys.argv[3])
    meeting = f"file://{folder / 'meeting'}"
    dist.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=2, timeout=timedelta(seconds=60)
    )
    torch.save([train(spec, rank, 2) for spec in specs], folder / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
