"""How the network of few rows is trained: one change at a time, after RealMLP, on held-out rows of train.csv.

    OMP_NUM_THREADS=1 python benchmarks/recipe.py                        # every change that is not there yet, fold 0
    OMP_NUM_THREADS=1 python benchmarks/recipe.py --folds 1 2 --changes "rate x2" "batches of 32"
    python benchmarks/recipe.py --show                                   # the comparison again, from what is there

The changes are those of Holzmüller, Grinsztajn & Steinwart, NeurIPS 2024, "Better by default"
(https://arxiv.org/abs/2407.04491), and rates and widths beside them. A fold of the exam's own holds out a fifth of
train.csv, and of the default run's five networks the first is trained: plain models take no part. A loss is a task's
mean negative log-likelihood on the held-out fifth, heads calibrated on the rows that stop the training; a difference
is that of a change less the default's, of equal fold and seed; the interval is a t-interval over targets and folds.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from contest.tables import ExamTable, read_tables
from exam import DATA
from reports import read_report, write_report
from shown.tables import recipe
from small_training import interval
from torch import Tensor, nn

import torso
from torso.columns.loader import Loader
from torso.core.types import Tokens
from torso.encoders import Encoder
from torso.encoders._columns import ColumnTokens
from torso.encoders.numbers_piecewise import NumbersPiecewise
from torso.model.model import Model
from torso.runs.networks.folds import rows_of_folds
from torso.runs.networks.network import train_network
from torso.runs.preparing.prepared import Prepared
from torso.training import Listener, Trainer, answer, trainer

KEPT = Path(__file__).resolve().parent / "results" / "recipe.json"
TABLES = ("coffee", "cheese", "coasters", "scotch", "mustard")
DEFAULT = "default"
LEAST = 0.002
"""Nats below which a difference counts for neither side."""


class PBLD(Encoder, form="numbers", name="pbld"):
    """Periodic embedding with biases, a linear layer and the number itself: `[x, W cos(2 pi (c x + b)) + d]`.

    Args:
        dim: token width.
        columns: number of columns.
        frequencies: waves of a column.
        width: width of a column's embedding, the number included.
        sigma: standard deviation of the frequencies' start.
    """

    def __init__(
        self, dim: int, columns: int, *, frequencies: int = 16, width: int = 8, sigma: float = 0.1
    ) -> None:
        super().__init__()
        self.dim = dim
        self.frequencies = nn.Parameter(torch.randn(columns, frequencies) * sigma)
        self.phases = nn.Parameter((2 * torch.rand(columns, frequencies) - 1) / 2)
        self.weight = nn.Parameter(torch.randn(columns, frequencies, width - 1) / frequencies**0.5)
        self.bias = nn.Parameter(torch.zeros(columns, width - 1))
        self.tokens = ColumnTokens(columns, width, dim, linear=True)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read standardised numbers `[batch, columns]`."""
        x = squashed(values.to(self.weight.dtype).masked_fill(~mask, 0.0))
        waves = (2 * math.pi * (self.frequencies * x.unsqueeze(-1) + self.phases)).cos()
        embedded = torch.einsum("bcp,cpw->bcw", waves, self.weight) + self.bias
        encoded: Tokens = self.tokens(torch.cat([x.unsqueeze(-1), embedded], dim=-1), mask, x)
        return encoded


def squashed(x: Tensor) -> Tensor:
    """Return numbers brought smoothly to -3 to 3."""
    return x / (1 + (x / 3).square()).sqrt()


def encode_squashed(self: NumbersPiecewise, values: Tensor, mask: Tensor, /) -> Tokens:
    """Read numbers as `NumbersPiecewise` does, with the number itself squashed about its median."""
    x = values.to(self.weight.dtype).masked_fill(~mask, 0.0).clamp(-20.0, 20.0)
    pieces = ((x.unsqueeze(-1) - self.low) / self.span).clamp(self.lower, self.upper)
    bins = self.low.shape[1]
    low, middle, high = (self.low[:, bins * quarter // 4] for quarter in (1, 2, 3))
    x = squashed((x - middle) / (high - low).clamp(min=0.1) * 1.35).masked_fill(~mask, 0.0)
    pieces = torch.cat([pieces, x.unsqueeze(-1)], dim=-1)
    embedded = torch.einsum("bcp,cpw->bcw", pieces, self.weight) + self.bias
    encoded: Tokens = self.tokens(embedded.relu(), mask, x)
    return encoded


def coslog(done: float) -> float:
    """Return the rate's factor when a share of the steps is done: four cycles, each twice as long."""
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * done)))


def flat_cos(done: float) -> float:
    """Return 1 in the first half, then a cosine down to zero."""
    return 0.5 * (1 + math.cos(math.pi * max(1.0, 2 * done) - math.pi))


@dataclass(frozen=True)
class Change:
    """A change to how the network is trained.

    Attributes:
        settings: of the run; `*` stands for each of a form's modalities, or each category of several classes.
        rate: share of the steps done -> factor of the rate.
        rates: share of a parameter's name -> factor of its own rate.
        beta2: of AdamW.
        dropout: share of the steps done -> factor of all dropout shares.
        decay: likewise of the weight decay.
        squash: whether numbers are brought smoothly to -3 to 3.
        weights: seed of the first weights and of dropout.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    rate: Callable[[float], float] | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    beta2: float = 0.999
    dropout: Callable[[float], float] | None = None
    decay: Callable[[float], float] | None = None
    squash: bool = False
    weights: int = 0

    def of(self, prepared: Prepared) -> dict[str, object]:
        """Return the settings for a table; none where its columns have no part in the change."""
        told: dict[str, object] = {}
        for path, value in self.settings.items():
            section, star, rest = path.partition(".*")
            if not star:
                told[path] = value
            elif section == "heads":
                several = [n for n, k in prepared.schema.targets.items() if k.kind == "category"]
                told |= {f"heads.{name}{rest}": value for name in several}
            else:
                numbers = [n for n, m in prepared.schema.modalities.items() if m.form == "numbers"]
                told |= {f"encoders.{name}{rest}": value for name in numbers}
        return told

    @contextmanager
    def made(self) -> Iterator[None]:
        """Train so inside."""
        with ExitStack() as stack:
            if self.rate is not None or self.rates or self.beta2 != 0.999:
                stack.enter_context(patch.object(trainer, "warmup_cosine", self._schedule))
            if self.dropout is not None or self.decay is not None:
                stack.enter_context(patch.object(Trainer, "_step", self._step(Trainer._step)))
            if self.rates:
                stack.enter_context(patch.object(trainer, "parameter_groups", self._groups))
            if self.squash:
                stack.enter_context(patch.object(NumbersPiecewise, "encode", encode_squashed))
            yield

    def _schedule(self, optimizer: torch.optim.Optimizer, steps: int, warmup: float) -> Any:
        for group in optimizer.param_groups:
            group["betas"] = (0.9, self.beta2)
        if self.rate is None:
            return USUAL_SCHEDULE(optimizer, steps, warmup)
        rate = self.rate
        return torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate(min(1.0, (step + 0.5) / steps))
        )

    def _groups(self, model: Model, balancer: Any, config: Any) -> list[dict[str, Any]]:
        """Return the usual groups, in parts of equal rates."""
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        parts = []
        for group in USUAL_GROUPS(model, balancer, config):
            by_factor: dict[float, list[nn.Parameter]] = {}
            for parameter in group["params"]:
                factor = self._factor(names.get(id(parameter), ""))
                by_factor.setdefault(factor, []).append(parameter)
            parts += [
                {**group, "params": own, "lr": group["lr"] * factor}
                for factor, own in by_factor.items()
            ]
        return parts

    def _factor(self, name: str) -> float:
        return math.prod(
            factor for ending, factor in self.rates.items() if f".{name}".endswith(f".{ending}")
        )

    def _step(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def step(self_: Trainer, batch: Any) -> Any:
            done = self_.schedule.last_epoch / (self_.config.epochs * len(self_.training))
            if self.dropout is not None:
                for module in self_.model.modules():
                    if isinstance(module, nn.Dropout):
                        module.usual = getattr(module, "usual", module.p)
                        module.p = module.usual * self.dropout(done)
            if self.decay is not None:
                for group in self_.optimizer.param_groups:
                    group.setdefault("usual", group["weight_decay"])
                    group["weight_decay"] = group["usual"] * self.decay(done)
            return usual(self_, batch)

        return step


USUAL_SCHEDULE, USUAL_GROUPS = trainer.warmup_cosine, trainer.parameter_groups
NUMBERS = {"tokens.straight.weight": 6.0, "encoders.@numbers.weight": 6.0}
SCALINGS = {"layers.0.before": 6.0, "layers.1.before": 6.0}
CHANGES: dict[str, Change] = {
    DEFAULT: Change(),
    "no change, other first weights": Change(weights=1),
    "no change, others again": Change(weights=2),
    "coslog4": Change(rate=coslog),
    "coslog4, patience 20": Change({"training.patience": 20}, rate=coslog),
    "rate flat, then cosine": Change(rate=flat_cos),
    "rate of biases x0.1": Change(rates={"bias": 0.1}),
    "rate of first layers x6": Change(rates=NUMBERS),
    "rate of members' scalings x6": Change(rates=SCALINGS),
    "label smoothing 0.1": Change({"heads.*.smoothing": 0.1}),
    "numbers periodic": Change({"encoders.*": "periodic"}),
    "numbers PBLD": Change({"encoders.*": "pbld"}),
    "numbers squashed": Change(squash=True),
    "dropout 0.15, flat_cos": Change(dropout=lambda done: 1.5 * flat_cos(done)),
    "weight decay 0.02, flat_cos": Change(decay=lambda done: 2 * flat_cos(done)),
    "weight decay 0.1": Change({"training.weight_decay": 0.1}),
    "beta2 0.95": Change(beta2=0.95),
    "rate x2": Change({"training.lr": 0.002}),
    "rate x0.5": Change({"training.lr": 0.0005}),
    "width x2": Change({"dim": 256}),
    "width x0.5": Change({"dim": 64}),
    "members' hidden layer x2": Change({"sharing": {"type": "members", "hidden": [256]}}),
    "batches of 32": Change({"training.batch_size": 32}),
    "20 epochs at most": Change({"training.epochs": 20}),
    "20 epochs, rate x2": Change({"training.epochs": 20, "training.lr": 0.002}),
    "dropout 0.3": Change(dropout=lambda _: 3.0),
}


def main() -> None:
    """Train what is not there yet, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=list(TABLES))
    parser.add_argument("--folds", nargs="+", type=int, default=[0])
    parser.add_argument("--changes", nargs="+", choices=CHANGES, default=list(CHANGES))
    parser.add_argument("--show", action="store_true", help="train nothing")
    parser.add_argument("--out", type=Path, default=KEPT)
    asked = parser.parse_args()
    report = read_report(asked.out, {"about": __doc__.splitlines()[0], "fits": []})
    report |= {
        "command": "OMP_NUM_THREADS=1 python benchmarks/recipe.py",
        "machine": f"{os.cpu_count()} cores, one used, {platform.machine()}, torch {torch.__version__}",
    }
    for fold in () if asked.show else asked.folds:
        for table in read_tables(DATA, asked.tables, fold):
            made = {fit["change"] for fit in report["fits"] if at(fit) == (table.name, fold)}
            for fit in fits(table, [name for name in asked.changes if name not in made]):
                report["fits"].append({"table": table.name, "fold": fold, **fit})
                report["changes"] = comparison(report["fits"])
                write_report(asked.out, report)
                print(table.name, fold, fit["change"], fit["losses"], fit["cpu_s"], flush=True)
    report["changes"] = comparison(report["fits"])
    write_report(asked.out, report)
    print(recipe(report))


def at(fit: Mapping[str, Any]) -> tuple[str, int]:
    """Return the table and the fold of a fit."""
    return fit["table"], fit["fold"]


def fits(table: ExamTable, changes: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what each change comes to on a table; nothing of one that changes nothing there."""
    if not changes:
        return
    with TemporaryDirectory(prefix="torso-recipe-") as written:
        train, test = table.files(Path(written))
        usual = torso.prepare(
            train, list(table.questions), test=test, settings={"seed": 0, "blend": "off"}
        )
    for name in changes:
        change = CHANGES[name]
        settings = change.of(usual)
        if change.settings and not settings:
            continue
        if (change.squash or change.rates is NUMBERS) and "numbers" not in usual.schema.modalities:
            continue
        with change.made():
            yield {"change": name, **fit_first(usual.under(settings), change.weights)}


def fit_first(prepared: Prepared, weights: int = 0) -> dict[str, Any]:
    """Return losses and headline metrics on the test rows of the first of a run's networks."""
    config = prepared.config
    rows, _ = rows_of_folds(prepared, config)[0]
    torch.manual_seed(config.seed + weights)
    began = time.process_time()
    network = train_network(rows, config, Listener())
    spent = time.process_time() - began
    part = network.parts["test"]
    answers = answer(network.model, Loader(part.dataset, part.rows, batch_size=256))
    metrics = network.trainer.measure(network.model, answers)
    return {
        "losses": {k: round(v, 4) for k, v in answers.losses(network.model).items()},
        "metrics": {k: {m: round(s, 4) for m, s in v.items()} for k, v in metrics.items()},
        "epochs": network.trainer.epoch,
        "cpu_s": round(spent, 1),
    }


def comparison(fits_: list[dict[str, Any]]) -> dict[str, Any]:
    """Return change -> differences of its losses to the default's, target by target."""
    usual = {at(fit): fit for fit in fits_ if fit["change"] == DEFAULT}
    changes = {}
    for name in CHANGES:
        own = [fit for fit in fits_ if fit["change"] == name and at(fit) in usual]
        differences = [value for fit in own for value in over(fit, usual)]
        if name == DEFAULT or not differences:
            continue
        changes[name] = {
            "fits": len(own),
            "targets": len(differences),
            "better": sum(value < -LEAST for value in differences),
            "worse": sum(value > LEAST for value in differences),
            "difference": {k: round(v, 4) for k, v in interval(differences).items()},
            "by_table": {
                table: round(float(np.mean(values)), 4)
                for table in dict.fromkeys(fit["table"] for fit in own)
                if (values := [d for f in own if f["table"] == table for d in over(f, usual)])
            },
            "cpu": round(sum(f["cpu_s"] for f in own) / sum(usual[at(f)]["cpu_s"] for f in own), 2),
        }
    return changes


def over(fit: Mapping[str, Any], usual: Mapping[Any, Mapping[str, Any]]) -> list[float]:
    """Return a fit's losses less the default's."""
    return [loss - usual[at(fit)]["losses"][task] for task, loss in fit["losses"].items()]


if __name__ == "__main__":
    main()
