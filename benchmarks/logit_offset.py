"""The plain statement as an offset of the network's logits, beside the blend: log loss on rows kept aside.

    OMP_NUM_THREADS=1 python benchmarks/logit_offset.py                      # resumes; needs the exam's tables
    OMP_NUM_THREADS=1 python benchmarks/logit_offset.py --folds 5            # adds runs of five networks
    python benchmarks/logit_offset.py --tables coffee --seeds 0 --out x.json

Rows of train.csv only: 30 % are kept aside. `blended` is a default run with one network, or five. For `offset` the plain models'
out-of-fold statements are added to the logits while the network learns (statements of models of all rows on those kept
aside), so it learns the rest, and the sum answers. Tasks whose answers are classes or yes and no; lower is better.
Writes results/logit_offset.json.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from contest.tables import ExamTable, read_tables
from reports import read_report, write_report

import torso
from torso.core.types import Batch
from torso.model.model import Model
from torso.runs.blending import half as halves
from torso.runs.blending import judge as judges
from torso.runs.networks import network as networks
from torso.training import Trainer
from torso.training import trainer as trainers

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam"
TABLES = ["coffee", "cheese", "mustard", "coasters"]
SETTINGS: dict[str, Any] = {"data.split.test": 0.3, "pretrained": "off"}
Statements = dict[str, torch.Tensor]


def fit(table: ExamTable, seed: int, **settings: Any) -> torso.Predictor:
    """Return a default run with one network."""
    settings = {**SETTINGS, "seed": seed, **settings}
    return torso.fit(table.folder / "train.csv", [*table.questions], settings=settings)


def log_loss(run: torso.Predictor, task: str) -> float:
    """Return the mean over the rows kept aside."""
    return run.reports[task].metrics["log_loss"].value


def blended(table: ExamTable, seed: int) -> tuple[dict[str, dict[str, float]], Statements]:
    """Return task -> log loss of the network and of the blend, and task -> the plain statements on all rows."""
    statements: Statements = {}
    judge = judges.Judge.judge

    def judged(self: Any, listener: Any, fitted: Any = None) -> Any:
        fitted = fitted or halves.fit_half(self.prepared, self.config, self.trained.heads, listener)
        fitted = halves.tested(fitted, self.prepared, self.config)
        parts = self.prepared.parts
        rows = np.concatenate([parts[name].rows for name in ("training", "validation", "test")])
        for task, said in fitted.statements.items():
            if fitted.half.tasks[task].family != "values":
                both = np.concatenate([said, fitted.tested[task]])
                statements[task] = torch.zeros(parts["test"].table.rows, both.shape[1])
                statements[task][torch.from_numpy(rows)] = torch.from_numpy(both).float()
        return judge(self, listener, fitted)

    with mock.patch.object(judges.Judge, "judge", judged):
        run = fit(table, seed)
    alone = fit(table, seed, blend="off")
    losses = {
        task: {"network": log_loss(alone, task), "blended": log_loss(run, task)}
        for task in statements
    }
    return losses, statements


def offset(table: ExamTable, seed: int, statements: Statements) -> dict[str, float]:
    """Return task -> log loss of a network whose logits begin at the plain statements."""
    now: list[torch.Tensor] = []
    apply, losses, answer = Model.apply_heads, Trainer._losses, networks.answer

    def applied(self: Model, fused: Any, encoded: Any) -> Any:
        outputs = apply(self, fused, encoded)
        for task, said in statements.items():
            own = outputs[task]
            rows = said[now[-1]].repeat_interleave(len(own) // len(now[-1]), dim=0)
            outputs[task] = own + self.heads[task].raw(rows, own.detach())
        return outputs

    def lost(self: Trainer, batch: Batch, mix: Any = None) -> Any:
        now.append(batch.rows)
        return losses(self, batch, mix)

    def answered(model: Model, batches: Iterable[Batch], *others: Any) -> Any:
        def told() -> Iterator[Batch]:
            for batch in batches:
                now.append(batch.rows)
                yield batch

        return answer(model, told(), *others)

    with (
        mock.patch.object(Model, "apply_heads", applied),
        mock.patch.object(Trainer, "_losses", lost),
        mock.patch.object(networks, "answer", answered),
        mock.patch.object(trainers, "answer", answered),
        mock.patch.object(judges, "answer", answered),
    ):
        run = fit(table, seed, blend="off")
    return {task: log_loss(run, task) for task in statements}


def summary(runs: dict[str, Any]) -> dict[str, Any]:
    """Return per task the means over the seeds, and on how many tasks the offset is lower than the blend."""
    tasks: dict[str, Any] = {}
    for name, seeds in runs.items():
        for task in next(iter(seeds.values())):
            ways = ("network", "blended", "offset")
            means = {
                way: statistics.fmean(done[task][way] for done in seeds.values()) for way in ways
            }
            tasks[f"{name} {task}"] = {way: round(value, 4) for way, value in means.items()}
    counts = {}
    for size in ("one network", "5 networks"):
        own = [means for task, means in tasks.items() if ("networks" in task) == (size[0] == "5")]
        lower = sum(means["offset"] < means["blended"] for means in own)
        counts[size] = {"offset lower than the blend": lower, "of": len(own)}
    return {"tasks": tasks, **counts}


def main() -> None:
    """Run what is not there yet, and print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--folds", type=int, default=0, help="networks; 0: one")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "logit_offset.json")
    options = parser.parse_args()
    SETTINGS["folds"] = options.folds
    report = read_report(options.out, {"runs": {}})
    report |= {
        "command": "OMP_NUM_THREADS=1 python benchmarks/logit_offset.py, then with --folds 5",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "torch": torch.__version__,
    }
    for table in read_tables(DATA, options.tables, None):
        name = table.name + (f", {options.folds} networks" if options.folds else "")
        seeds = report["runs"].setdefault(name, {})
        for seed in options.seeds:
            if str(seed) not in seeds:
                done, statements = blended(table, seed)
                for task, loss in offset(table, seed, statements).items():
                    done[task]["offset"] = loss
                seeds[str(seed)] = done
                print(name, seed, done, flush=True)
                report["summary"] = summary(report["runs"])
                write_report(options.out, report)
    print(report["summary"])


if __name__ == "__main__":
    main()
