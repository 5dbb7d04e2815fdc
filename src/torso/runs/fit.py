"""`torso.fit`: from a table to a run. Reads, splits, learns the schema, trains, evaluates, saves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torso._version import __version__
from torso.balancing import Balancer
from torso.columns.dataset import Dataset
from torso.columns.loader import Loader
from torso.columns.splits import Split, group_ids
from torso.model.model import Model
from torso.runs.columns import leftover_warnings
from torso.runs.config import RunConfig
from torso.runs.folder import check_folder, clear_folder, remove_folder
from torso.runs.gather import gather_values, resumed_config
from torso.runs.predictor import Predictor
from torso.runs.prepare import Draft, read_tables
from torso.tables.table import Table
from torso.tasks import evaluate_task, fit_baseline, labelled
from torso.training import (
    Answers,
    JsonLog,
    Listener,
    Listeners,
    Trainer,
    answer,
    choose_device,
    run_frozen_once,
    shows_views,
)

__all__ = ["fit"]


def fit(
    table: Any = None,
    targets: Sequence[str] | Mapping[str, Any] = (),
    *,
    inputs: Sequence[str] | Mapping[str, Any] | None = None,
    validation: Any = None,
    test: Any = None,
    out: str | Path | None = None,
    config: str | Path | Mapping[str, Any] | None = None,
    settings: Sequence[str] | Mapping[str, Any] = (),
    resume: bool = False,
    overwrite: bool = False,
    listener: Listener | None = None,
) -> Predictor:
    """Train one model on a table and return it with its evaluation.

    Args:
        table: path, pandas or polars frame, Arrow table, anything with the Arrow C stream; None takes
            `data.table` of the config.
        targets: columns to predict; a mapping may say their kinds, `{"age": "number"}`.
        inputs: columns to learn from, likewise; default: every sensible one.
        validation: a table of its own that decides when to stop, of any kind that `table` may be; default:
            `data.validation` of the config, else a share of the rows.
        test: a table of its own for the verdict, likewise.
        out: folder of the run; None keeps the run in memory.
        config: a `run.yaml` or such a mapping, which the other arguments override.
        settings: changes like `["training.epochs=5"]` or `{"training.epochs": 5}`, which win over all.
        resume: go on with the interrupted training in `out`; tables in memory are given again.
        overwrite: replace a finished run in `out`.
        listener: is told what happens, e.g. a progress bar.

    Returns:
        The trained predictor; its `reports` are on the test rows, or on the validation rows without any.

    Raises:
        ConfigError: settings that are unknown or contradictory.
        DataError: the table or its files cannot be used.
        RunError: `out` holds a finished run, or nothing to resume.
    """
    folder = None if out is None else Path(out)
    tables = {"table": table, "validation": validation, "test": test}
    check_folder(folder, resume=resume, overwrite=overwrite)
    if resume and config is None:
        config = resumed_config(folder)
    values = gather_values(tables, targets, inputs, config, settings)
    source, own, reports = read_tables(values, tables, config, add=inputs is None, resume=resume)
    run = RunConfig.parse(values)

    with _only_if_begun(folder), torch.random.fork_rng(range(torch.cuda.device_count())):
        log = [] if folder is None else [JsonLog(folder / "log.jsonl", fresh=not resume)]
        heard = Listeners([*log, *([listener] if listener is not None else [])])
        for warning in leftover_warnings(reports, [*run.inputs, *run.targets]):
            heard.noted(warning)
        torch.manual_seed(run.seed)
        return _Fitting(run, source, own, folder, heard).run(resume=resume)


@contextmanager
def _only_if_begun(folder: Path | None) -> Iterator[None]:
    """Make the folder of a run; if the run fails before its first epoch, take it away again."""
    made = [] if folder is None else [one for one in (folder, *folder.parents) if not one.exists()]
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if made and {one.name for one in made[0].iterdir()} <= {"log.jsonl", "run.yaml"}:
            remove_folder(made[0])
            with suppress(OSError):  # somebody else uses it by now
                for one in made[1:]:
                    one.rmdir()
        raise


@dataclass(frozen=True)
class _Part:
    """The rows of one split: which of which table."""

    table: Table
    dataset: Dataset
    rows: np.ndarray

    def labels(self) -> dict[str, int]:
        return {
            task: int(labelled(target[self.rows]).sum())
            for task, target in self.dataset.targets.items()
        }

    def with_any_label(self) -> np.ndarray:
        known = [labelled(target[self.rows]) for target in self.dataset.targets.values()]
        return self.rows[np.any(known, axis=0)]


class _Fitting(Draft):
    """One run from its checked config to the predictor."""

    def __init__(
        self,
        config: RunConfig,
        table: Table,
        own: Mapping[str, Table],
        folder: Path | None,
        listener: Listener,
    ) -> None:
        super().__init__(config, table, own, listener)
        self.folder = folder

    def run(self, *, resume: bool) -> Predictor:
        began = time.perf_counter()
        split = self.split()
        device = choose_device(self.config.training.device)
        model = self.model(split).to(device)
        balancer = Balancer.registry.build(
            self.config.balancing,
            tasks=model.loss_names,
            unimodal={name: task for name, (task, _) in model.unimodal.items()},
            modality_of={name: modality for name, (_, modality) in model.unimodal.items()},
        ).to(device)
        if self.folder is not None:
            if not resume:
                clear_folder(self.folder)
            (self.folder / "run.yaml").write_text(self.config.to_yaml(), encoding="utf-8")
        parts = self._parts(split, model)
        prepared = time.perf_counter()

        trainer = self._trainer(model, balancer, parts)
        usage = self._usage(parts, len(trainer.training.rows))
        reason = trainer.run(resume=resume)
        trained = time.perf_counter()

        held_out = answer(model, trainer.validation, self.config.training.precision)
        for task, head in model.heads.pairs():
            output, target = held_out.outputs[task], held_out.targets[task]
            head.cpu().calibrate(output, target)
            head.to(trainer.device)
        learned = parts["training"]
        baselines = {
            task: fit_baseline(
                kind.kind, kind.compared(learned.dataset.targets[task][learned.rows])
            )
            for task, kind in self.schema.targets.items()
        }
        predictor = Predictor(self.config, self.schema, model, baselines, skipped=self.skipped)
        predictor.metrics = {
            "torso": __version__,
            **self._evaluation(predictor, parts),
            "usage": usage,
            "training": {
                "end": reason,
                "epochs": trainer.epoch,
                "best_epoch": trainer.best_epoch,
                "best_loss": trainer.best_loss if trainer.best else None,
                "balancing": trainer.monitor.summary(),
                "parameters": sum(p.numel() for p in model.parameters()),
                "seconds": {
                    "preparing": prepared - began,
                    "training": trained - prepared,
                    "evaluating": time.perf_counter() - trained,
                },
            },
        }
        if self.folder is not None:
            predictor.save(self.folder)
            if not trainer.resumable:
                remove_folder(self.folder / "checkpoint")
        return predictor

    def _parts(self, split: Split, model: Model) -> dict[str, _Part]:
        """Return the splits' rows, frozen encoders run; validation and test may have tables of their own."""

        def once(dataset: Dataset, learned: np.ndarray | None = None) -> Dataset:
            return run_frozen_once(
                model,
                dataset,
                self.cache,
                precision=self.config.training.precision,
                learned=learned,
                progress=self.listener.preparing,
            )

        plain = self.dataset(self.table)
        whole = once(plain)
        learned = once(plain, split.train) if shows_views(model) else whole
        parts = {
            "training": _Part(self.table, learned, split.train),
            "validation": _Part(self.table, whole, split.validation),
            "test": _Part(self.table, whole, split.test),
        }
        for name, table in self.own.items():
            parts[name] = _Part(table, once(self.dataset(table)), np.arange(table.rows))
        return parts

    def _trainer(self, model: Model, balancer: Balancer, parts: Mapping[str, _Part]) -> Trainer:
        settings = self.config.training
        training, validation = parts["training"], parts["validation"]
        return Trainer(
            model,
            balancer,
            Loader(
                training.dataset,
                training.with_any_label(),
                batch_size=settings.batch_size or 64,
                shuffle=True,
                seed=self.config.seed,
            ),
            Loader(
                validation.dataset,
                validation.rows,
                batch_size=256,
            ),
            settings,
            self.listener,
            self._measure,
            None if self.folder is None else self.folder / "checkpoint",
        )

    def _measure(self, model: Model, answers: Answers) -> dict[str, dict[str, float]]:
        """Return each task's headline metric on the validation rows."""
        out = {}
        for task, (prediction, details) in answers.predictions(model).items():
            target = self.schema.targets[task]
            kind, said = target.kind, target.compared(prediction)
            truth = target.compared(answers.targets[task].numpy())
            blind = fit_baseline(kind, truth)
            report = evaluate_task(kind, said, truth, blind, details=details, resamples=0)
            out[task] = {report.headline: report.metrics[report.headline].value}
        return out

    def _usage(self, parts: Mapping[str, _Part], rows_trained: int) -> dict[str, Any]:
        """Count rows and labels per task and split, and rows that have each modality."""
        training = parts["training"]
        present = {
            name: int(source.present()[training.rows].sum())
            for name, source in training.dataset.sources.items()
        }
        skipped: dict[str, int] = {}
        for one in self.skipped:
            skipped[one["column"]] = skipped.get(one["column"], 0) + 1
        return {
            "rows": {name: len(part.rows) for name, part in parts.items()},
            "rows_trained": rows_trained,
            "labels": {name: part.labels() for name, part in parts.items()},
            "training_rows_with": present,
            "skipped_cells": skipped,
        }

    def _evaluation(self, predictor: Predictor, parts: Mapping[str, _Part]) -> dict[str, Any]:
        name = "test" if len(parts["test"].rows) else "validation"
        part = parts[name]
        loader = Loader(part.dataset, part.rows, batch_size=256)
        answers = answer(predictor.model, loader, self.config.training.precision)
        groups = group_ids(part.table, self.config.data.split.group)
        reports = predictor.compare(
            answers.predictions(predictor.model),
            {task: target[part.rows] for task, target in part.dataset.targets.items()},
            groups=None if groups is None else groups[part.rows],
        )
        return {
            "split": name,
            "tasks": {task: report.to_dict() for task, report in reports.items()},
        }
