"""One of two processes that train one model with a data-parallel strategy, on its share of every batch.

    python -m tests.training.processes_worker RANK FOLDER

Writes the weights and losses it ends with.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch import distributed as dist

from tests.training.test_trainer import DATASET, TARGETS
from torso.balancing import Balancer, losses_over_ranks
from torso.columns.dataset import Dataset
from torso.columns.loader import Loader
from torso.model import Model, PartSpec
from torso.training import STOP, Answers, Listener, Trainer, TrainingConfig
from torso.training.checkpoint import Checkpoint
from torso.training.strategies import SingleProcess, Strategy

BALANCINGS = ("equal", "uncertainty")


class DataParallel(Strategy):
    """The whole model in every process."""

    def __init__(self) -> None:
        self.rank, self.world = dist.get_rank(), dist.get_world_size()

    def prepare(self, model: Model, balancer: Balancer) -> None:
        for value in [*model.state_dict().values(), *balancer.state_dict().values()]:
            dist.broadcast(value, 0)
        balancer.distribute()

    def reduce(self, losses: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        return losses_over_ranks(losses, counts)

    def total(self, values: Tensor) -> Tensor:
        dist.all_reduce(values)
        return values

    def gather(self, answers: Answers) -> Answers:
        parts: list[Answers] = [answers] * self.world
        dist.all_gather_object(parts, answers)
        outputs = {t: torch.cat([part.outputs[t] for part in parts]) for t in answers.outputs}
        targets = {t: torch.cat([part.targets[t] for part in parts]) for t in answers.targets}
        return Answers(outputs, targets)

    def any(self, flag: bool) -> bool:
        return bool(self.total(torch.tensor(int(flag))))

    def barrier(self) -> None:
        dist.barrier()


class StopAt(Listener):
    """Ends the training after its third epoch, and keeps what it heard."""

    def __init__(self) -> None:
        self.losses: list[list[float]] = []

    def epoch_done(self, epoch):
        self.losses.append([*epoch.training.values(), *epoch.validation.values()])
        return STOP if epoch.number == 3 else None


def train(rank: int, world: int, balancing: str, folder: Path) -> dict[str, Tensor]:
    """Return the weights, and in the main process the losses of each epoch; `world` 1 is the reference."""
    torch.manual_seed(rank)  # each process begins with weights of its own
    model = Model.build(
        {"numbers": PartSpec("numbers", "periodic", {"columns": 3})},
        {
            "sign": PartSpec("binary", "logistic", {}),
            "sum": PartSpec("number", "gaussian", {"mean": 0.0, "std": 1.7}),
        },
        dim=16,
    )
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):  # it is drawn for the rows of one process
            module.p = 0.0
    gaps = {"sign": TARGETS["sign"], "sum": TARGETS["sum"].copy()}
    gaps["sum"][::3] = np.nan
    dataset = Dataset(64, DATASET.sources, gaps)
    balancer = Balancer.registry.build(balancing, tasks=model.loss_names)
    process, listener = (rank, world), StopAt()
    loop = Trainer(
        model,
        balancer,
        Loader(dataset, np.arange(47), batch_size=16, shuffle=True, process=process),
        Loader(dataset, np.arange(47, 64), batch_size=8, process=process),  # one row is left over
        TrainingConfig(epochs=5, lr=0.01),
        listener,
        checkpoint=Checkpoint(folder / f"checkpoint-{world}-{balancing}"),
        strategy=DataParallel() if world > 1 else SingleProcess(),
    )
    reason = loop.run()
    assert reason == "stopped by StopAt" if rank == 0 else "stopped by a listener"
    heard = {"losses": torch.tensor(listener.losses)} if rank == 0 else {}
    return {**{name: value.clone() for name, value in model.state_dict().items()}, **heard}


def main() -> None:
    rank, folder = int(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    meeting = f"file://{folder / 'meeting'}"
    dist.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=2, timeout=timedelta(seconds=60)
    )
    ends = [train(rank, 2, balancing, folder) for balancing in BALANCINGS]
    torch.save(ends, folder / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
