"""One of two processes that train one model with `DataParallel`, on its share of every batch, by every balancer.

    python -m tests.training.processes_worker RANK FOLDER

Writes the weights and losses it ends with.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch import distributed as dist

from torso.balancing import Balancer
from torso.columns.dataset import Dataset
from torso.columns.loader import Loader
from torso.columns.sources import ArraySource
from torso.model import Model, PartSpec
from torso.training import STOP, Answers, Listener, Look, Trainer, TrainingConfig
from torso.training.checkpoint import Checkpoint
from torso.training.strategies import DataParallel, SingleProcess

ROWS, LEARNT = 64, 47
BALANCINGS = sorted(Balancer.registry)
PICTURES = "equal on pictures"
CASES = [*BALANCINGS, PICTURES]


def table(pictures: bool = False) -> Dataset:
    """Return rows of which a task has few labels, and few a picture: a batch, and often a process, has none."""
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, ROWS, 3)).astype(np.float32)
    known = np.ones_like(x, bool)
    rare = (x[:, 1] > 0).astype(np.float32)
    rare[np.arange(ROWS) % 9 != 4] = np.nan
    gaps = (x + y).sum(axis=1)
    gaps[::3] = np.nan
    targets = {"sign": (x[:, 0] > 0).astype(np.float32), "sum": gaps, "rare": rare}
    sources = {"x": ArraySource(x, known), "y": ArraySource(y, known)}
    if pictures:
        shown = draw.integers(0, 256, (ROWS, 8, 8, 3)).astype(np.uint8)
        sources["photo"] = ArraySource(shown, np.arange(ROWS) % 11 == 2)
    return Dataset(ROWS, sources, targets)


def built(balancing: str) -> tuple[Model, Balancer]:
    """Return a model without dropout, which is drawn for the rows of one process, and its balancer."""
    inputs = {name: PartSpec("numbers", "periodic", {"columns": 3}) for name in ("x", "y")}
    if balancing == PICTURES:
        convnet = {"type": "convnet", "width": 4, "stages": 1, "jitter": 0.0}
        inputs["photo"] = PartSpec("image", convnet, {"size": 8, "channels": 3})
    model = Model.build(
        inputs,
        {
            "sign": PartSpec("binary", "logistic", {}),
            "sum": PartSpec("number", "gaussian", {"mean": 0.0, "std": 1.7}),
            "rare": PartSpec("binary", "logistic", {}),
        },
        dim=8,
        fusion="concat",
        modality_heads=balancing in ("gradient_blending", "ogm_ge"),
    )
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    balancer = Balancer.registry.build(
        "equal" if balancing == PICTURES else balancing,
        tasks=model.loss_names,
        weights={"sign": 0.5},
        primary="sum",
        unimodal={name: task for name, (task, _) in model.unimodal.items()},
        modality_of={name: modality for name, (_, modality) in model.unimodal.items()},
    )
    return model, balancer


class Ear(Listener):
    """Ends the training after its second epoch, and keeps what it heard."""

    def __init__(self) -> None:
        self.losses: list[list[float]] = []
        self.looks: list[list[list[float]]] = []
        self.answers: Answers | None = None

    def epoch_done(self, epoch):
        self.losses.append([*epoch.training.values(), *epoch.validation.values()])
        return STOP if epoch.number == 2 else None

    def looked(self, look: Look) -> None:
        self.looks.append(look.gram)

    def measure(self, model: Model, answers: Answers) -> dict[str, dict[str, float]]:
        self.answers = answers
        return {}


def train(rank: int, world: int, balancing: str) -> dict[str, Tensor]:
    """Return the weights; in the main process also all that was told. `world` 1 is the reference."""
    torch.manual_seed(rank)  # each process begins with weights of its own
    model, balancer = built(balancing)
    dataset, process, ear = table(balancing == PICTURES), (rank, world), Ear()
    loop = Trainer(
        model,
        balancer,
        Loader(dataset, np.arange(LEARNT), batch_size=16, shuffle=True, process=process),
        Loader(dataset, np.arange(LEARNT, ROWS), batch_size=8, process=process),  # one is left over
        TrainingConfig(epochs=5, lr=0.05, optimizer="sgd", looks=2),
        ear,
        ear.measure,
        strategy=DataParallel() if world > 1 else SingleProcess(),
    )
    reason = loop.run()
    assert reason == ("stopped by Ear" if rank == 0 else "stopped by a listener")
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    if rank:
        return weights
    assert ear.answers is not None
    return {
        **weights,
        "losses": torch.tensor(ear.losses),
        "looks": torch.tensor(ear.looks),
        **{f"answers of {task}": values for task, values in ear.answers.outputs.items()},
        **{f"labels of {task}": values for task, values in ear.answers.targets.items()},
    }


class Interrupts(Listener):
    """Sends a signal to this process in the second epoch."""

    def batch_done(self, epoch: int, batch: int) -> None:
        if (epoch, batch) == (2, 1):
            os.kill(os.getpid(), signal.SIGINT)


def with_dropout(
    rank: int, world: int, folder: Path, *, interrupted: int | None = None, resume: bool = False
) -> dict[str, Tensor]:
    """Return the weights of a training that draws, with a checkpoint; rank `interrupted` hears Ctrl-C on the way."""
    torch.manual_seed(0)
    model, balancer = built("equal")
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.3
    dataset, process = table(), (rank, world)
    loop = Trainer(
        model,
        balancer,
        Loader(dataset, np.arange(LEARNT), batch_size=16, shuffle=True, process=process),
        Loader(dataset, np.arange(LEARNT, ROWS), batch_size=8, process=process),
        TrainingConfig(epochs=3, lr=0.01),
        checkpoint=Checkpoint(folder) if rank == 0 else None,
        strategy=DataParallel() if world > 1 else SingleProcess(),
    )
    if rank == interrupted:  # listeners are the main process's
        loop.listener = Interrupts()
    reason = loop.run(resume=resume)
    assert reason == ("all epochs" if interrupted is None else "interrupted"), reason
    assert loop.epoch == (3 if interrupted is None else 2)
    return {name: value.clone() for name, value in model.state_dict().items()}


def main() -> None:
    rank, folder = int(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    meeting = f"file://{folder / 'meeting'}"
    dist.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=2, timeout=timedelta(seconds=60)
    )
    ends = [train(rank, 2, case) for case in CASES]
    whole = with_dropout(rank, 2, folder / "whole")
    for interrupted in (0, 1):
        with_dropout(rank, 2, folder / "two", interrupted=interrupted)
        resumed = with_dropout(rank, 2, folder / "two", resume=True)
        for name, value in whole.items():
            assert torch.equal(value, resumed[name]), name
    with_dropout(rank, 2, folder / "left", interrupted=1)
    torch.save(ends, folder / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
