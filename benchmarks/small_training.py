"""A small model on the features of `features.py`, trained the same way whatever its fusion or sharing is.

One linear layer per modality and place makes the tokens, a fusion and a sharing of Torso join them, Torso's heads
answer. AdamW, warm-up and cosine over a fixed number of steps; of the epochs, the one with the best mean score on
the validation rows counts. A score is a task's headline: accuracy of classes, AUROC of yes or no, R² of numbers.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from features import Dataset
from reports import read_report
from scipy import stats
from torch import Tensor, nn
from torch.nn import functional

from torso.core.spec import SpecLike
from torso.core.tensors import masked_mean
from torso.core.types import Features, Tokens
from torso.encoders import Encoder
from torso.model import Model, PartSpec
from torso.tasks import Scores
from torso.training.schedules import Cosine

__all__ = [
    "Plan",
    "Trained",
    "build",
    "circumstances",
    "interval",
    "paired_interval",
    "resumed",
    "score",
    "train",
    "without",
]

Inputs = dict[str, Features]
Figures = dict[str, float]

CHUNK = 1024
"""Rows that are scored at a time."""


@dataclass(frozen=True)
class Plan:
    """How to train; the same for everybody in a race."""

    epochs: int
    lr: float = 1e-3
    batch: int = 128
    weight_decay: float = 0.05
    warmup: float = 0.05
    clip: float = 1.0


@dataclass(frozen=True)
class Trained:
    """What came of a training; the model has the weights of the best epoch."""

    epoch: int
    validation: dict[str, float]
    mean: float
    cpu_s: float


class Linear(Encoder, form="features", name="linear"):
    """A linear layer per place, GELU, LayerNorm: so the mean of the tokens has seen each place for itself.

    With one layer for all places, as transformers have it, fusions that read the mean of a modality's tokens
    would see the mean of a picture's patches, and the race would be about that.

    Args:
        dim: token width.
        length: tokens of a row, places.
        width: numbers in each.
        pooled: whether the mean of the tokens is all that comes out, one token.
        dropout: on the tokens, in training.
    """

    def __init__(
        self, dim: int, length: int, width: int, *, pooled: bool = False, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.dim, self.pooled = dim, pooled
        self.weight = nn.Parameter(torch.randn(length, width, dim) / width**0.5)
        self.bias = nn.Parameter(torch.zeros(length, dim))
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read `[batch, length, width]`."""
        placed = torch.baddbmm(
            self.bias.unsqueeze(1), values.transpose(0, 1), self.weight
        ).transpose(0, 1)
        tokens = Tokens(self.dropout(self.norm(functional.gelu(placed))), mask)
        return Tokens.vector(masked_mean(tokens), tokens.present) if self.pooled else tokens


def build(
    dataset: Dataset,
    *,
    fusion: SpecLike = "transformer",
    sharing: SpecLike = "hard",
    dim: int = 64,
    modalities: Iterable[str] | None = None,
    modality_dropout: float = 0.0,
    pooled: bool = False,
) -> Model:
    """Return an untrained model of `modalities` (default: all) and all tasks; seed torch before."""
    return Model.build(
        {
            name: PartSpec(
                "features",
                {"type": "linear", "pooled": pooled},
                {"length": one.values.shape[1], "width": one.values.shape[2]},
            )
            for name, one in dataset.inputs.items()
            if modalities is None or name in modalities
        },
        {task: _head(dataset, task) for task in dataset.kinds},
        dim=dim,
        fusion=fusion,
        sharing=sharing,
        modality_dropout=modality_dropout,
    )


def _head(dataset: Dataset, task: str) -> PartSpec:
    kind, known = dataset.kinds[task], dataset.targets[task]
    if kind == "category":
        return PartSpec(kind, "softmax", {"classes": int(known.max()) + 1})
    if kind == "binary":
        return PartSpec(kind, "logistic", {})
    seen = known[dataset.train][~known[dataset.train].isnan()]
    return PartSpec(kind, "gaussian", {"mean": float(seen.mean()), "std": float(seen.std())})


def train(
    model: Model,
    dataset: Dataset,
    plan: Plan,
    seed: int,
    *,
    change: Callable[[Inputs], Inputs] = dict,
    judge: Callable[[Model], Figures] | None = None,
) -> Trained:
    """Train on the sum of the tasks' losses, and put the weights of the best epoch into the model.

    Args:
        model: with its first weights.
        dataset: what it is trained on.
        plan: how.
        seed: of the order of the rows, and of what is drawn in the model.
        change: what happens to a batch's inputs.
        judge: scores whose mean says which epoch is best; default: those of the validation rows.
    """
    torch.manual_seed(seed)
    began = time.process_time()
    judge = judge or partial(score, dataset=dataset, rows=dataset.validation)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.lr, weight_decay=plan.weight_decay, fused=True
    )
    batches = -(-len(dataset.train) // plan.batch)
    schedule = Cosine(optimizer, plan.epochs * batches, plan.warmup)
    best, weights = Trained(0, {}, -math.inf, 0.0), {}
    for epoch in range(1, plan.epochs + 1):
        model.train()
        for rows in dataset.train[torch.randperm(len(dataset.train))].split(plan.batch):
            inputs = change({name: dataset.inputs[name][rows] for name in read_by(model)})
            targets = {task: dataset.targets[task][rows] for task in model.tasks}
            losses, _ = model.losses(model(inputs), targets)
            optimizer.zero_grad()
            losses.sum().backward()
            nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
            optimizer.step()
            schedule.step()
        found = judge(model)
        mean = statistics.fmean(found.values())
        if mean > best.mean:
            best = Trained(epoch, found, mean, 0.0)
            weights = {name: one.clone() for name, one in model.state_dict().items()}
    model.load_state_dict(weights)
    return replace(best, cpu_s=time.process_time() - began)


def read_by(model: Model) -> list[str]:
    """Return the modalities that a model reads."""
    _, trunk = next(iter(model.trunks.pairs()))
    return list(trunk.encoders.names())


def without(inputs: Inputs, gone: Collection[str]) -> Inputs:
    """Return inputs in which no row has the modalities `gone`."""
    return {
        name: Features(one.values, torch.zeros_like(one.mask)) if name in gone else one
        for name, one in inputs.items()
    }


@torch.no_grad()
def score(model: Model, dataset: Dataset, rows: Tensor, gone: Collection[str] = ()) -> Figures:
    """Return task -> headline score on `rows`, where no row has the modalities `gone`."""
    model.eval()
    outputs: dict[str, list[Tensor]] = {task: [] for task in model.tasks}
    for some in rows.split(CHUNK):
        inputs = {name: dataset.inputs[name][some] for name in read_by(model)}
        for task, one in model(without(inputs, gone)).items():
            outputs[task].append(one)
    return {
        task: headline(
            dataset.kinds[task],
            model.heads[task].predict(torch.cat(many)).numpy(),
            dataset.targets[task][rows].numpy(),
        )
        for task, many in outputs.items()
    }


def headline(kind: str, prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the score by which a kind of task is judged; the better, the larger."""
    known = truth >= 0 if kind == "category" else ~np.isnan(truth)
    scores = Scores.registry.find(kind)
    measured = scores(prediction[known], truth[known], prediction[known])
    return float(measured.measure(np.ones((1, known.sum()))).overall[scores.headline][0])


def circumstances(script: Path) -> dict[str, Any]:
    """Return what a report says of the command and the machine."""
    return {
        "command": f"OMP_NUM_THREADS=1 python benchmarks/{script.name}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def resumed(
    parser: argparse.ArgumentParser, script: Path
) -> tuple[argparse.Namespace, dict[str, Any]]:
    """Add `--show` and `--out`; return the options asked for, and the report of what was done before.

    Args:
        parser: knows the script's own options.
        script: the report has its name, under results/.
    """
    parser.add_argument("--show", action="store_true", help="no runs: judge what is there")
    parser.add_argument(
        "--out", type=Path, default=script.resolve().parent / "results" / f"{script.stem}.json"
    )
    options = parser.parse_args()
    return options, read_report(options.out) | circumstances(script)


def interval(values: Sequence[float]) -> dict[str, float]:
    """Return the mean and its 95 % t-interval over seeds."""
    mean = statistics.fmean(values)
    half = math.inf
    if len(values) > 1:
        factor = float(stats.t.ppf(0.975, len(values) - 1))
        half = factor * statistics.stdev(values) / len(values) ** 0.5
    return {"mean": mean, "low": mean - half, "high": mean + half}


def paired_interval(
    values: Mapping[Hashable, float], others: Mapping[Hashable, float]
) -> dict[str, float] | None:
    """Return the interval of values less others on the seeds that both have; None without any."""
    both = [seed for seed in values if seed in others]
    return interval([values[seed] - others[seed] for seed in both]) if both else None
