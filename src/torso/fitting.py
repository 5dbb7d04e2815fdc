"""`torso.fit`: from a table to a run. Reads, splits, learns the schema, trains, evaluates, saves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torso._version import __version__
from torso.balancing import Balancer
from torso.config import DataConfig, RunConfig, apply_settings, read_config
from torso.data import Dataset, Reading, Schema, Table, read_table, split_rows
from torso.data.cache.store import cache_root
from torso.data.loader import Loader
from torso.data.splits import Split
from torso.data.targets import labelled
from torso.errors import ConfigError, RunError
from torso.evaluation import evaluate_task, fit_baseline
from torso.model import Model
from torso.planning import complete_parts, infer_columns, leftover_warnings
from torso.predictor import Predictor, build_model, group_ids
from torso.training import (
    Answers,
    JsonLog,
    Listener,
    Listeners,
    Plan,
    Trainer,
    answer,
    choose_device,
)

__all__ = ["fit"]


def fit(
    table: Any = None,
    targets: Sequence[str] | Mapping[str, Any] = (),
    *,
    inputs: Sequence[str] | Mapping[str, Any] | None = None,
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
        out: folder of the run; None keeps the run in memory.
        config: a `run.yaml` or such a mapping, which the other arguments override.
        settings: changes like `["training.epochs=5"]` or `{"training.epochs": 5}`, which win over all.
        resume: go on with the interrupted training in `out`.
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
    values = _values(table, targets, inputs, config, settings, folder, resume=resume)
    _check_folder(folder, resume=resume, overwrite=overwrite)
    draft = DataConfig.model_validate(values.get("data") or {})
    source = read_table(
        _found(draft.table, config) if table is None else table, missing=draft.missing
    )
    complete = config is not None and bool(values.get("inputs"))
    reports = infer_columns(source, values, add=inputs is None and not complete)
    run = RunConfig.parse(values)

    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    log = [] if folder is None else [JsonLog(folder / "log.jsonl", fresh=not resume)]
    heard = Listeners([*log, *([listener] if listener is not None else [])])
    for warning in leftover_warnings(reports, run.inputs):
        heard.noted(warning)

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(run.seed)
        return _Fitting(run, source, config, folder, heard).run(resume=resume)


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


class _Fitting:
    """One run from its checked config to the predictor."""

    def __init__(
        self,
        config: RunConfig,
        table: Table,
        origin: Any,
        folder: Path | None,
        listener: Listener,
    ) -> None:
        self.config = config
        self.table = table
        self.origin = origin
        self.folder = folder
        self.listener = listener
        self.skipped: list[dict[str, Any]] = []

    def run(self, *, resume: bool) -> Predictor:
        began = time.perf_counter()
        split = self._split()
        self.schema = Schema(self.config.inputs, self.config.targets)
        self.schema.fit(self.table, split.train)
        self.config = complete_parts(self.config, self.schema)
        if self.folder is not None:
            (self.folder / "run.yaml").write_text(self.config.to_yaml(), encoding="utf-8")
        parts = self._parts(split)
        prepared = time.perf_counter()

        model = build_model(self.config, self.schema).to(choose_device(self.config.training.device))
        trainer = self._trainer(model, parts)
        usage = self._usage(parts, len(trainer.training.rows))
        reason = trainer.run(resume=resume)
        trained = time.perf_counter()

        held_out = answer(model, trainer.validation, self.config.training.precision)
        for task, head in model.heads.pairs():
            output, target = held_out.outputs[task], held_out.targets[task]
            head.cpu().calibrate(output, target)
            head.to(trainer.device)
        baselines = {
            task: fit_baseline(
                kind.kind, parts["training"].dataset.targets[task][parts["training"].rows]
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
            if reason != "interrupted":
                _remove(self.folder / "checkpoint")
        return predictor

    def _split(self) -> Split:
        data = self.config.data
        return split_rows(
            self.table,
            test=0.0 if data.test else data.split.test,
            validation=0.0 if data.validation else data.split.validation,
            stratify=data.split.stratify,
            group=data.split.group,
            column=data.split.column,
            seed=self.config.seed,
        )

    def _parts(self, split: Split) -> dict[str, _Part]:
        """Return the splits' rows; validation and test may come from tables of their own."""
        whole = self._dataset(self.table)
        parts = {
            "training": _Part(self.table, whole, split.train),
            "validation": _Part(self.table, whole, split.validation),
            "test": _Part(self.table, whole, split.test),
        }
        data = self.config.data
        for name, path in (("validation", data.validation), ("test", data.test)):
            if path is not None:
                table = read_table(_found(path, self.origin), missing=data.missing)
                parts[name] = _Part(table, self._dataset(table), np.arange(table.rows))
        return parts

    def _dataset(self, table: Table) -> Dataset:
        data = self.config.data
        reading = Reading(
            folder=table.folder,
            default_root=data.root,
            cache=Path(data.cache).expanduser() if data.cache else cache_root(),
            on_error=data.on_error,
            most_skipped=data.most_skipped,
            progress=self.listener.preparing,
        )
        dataset = self.schema.dataset(table, reading)
        self.skipped += [one.to_dict() for one in reading.skipped]
        return dataset

    def _trainer(self, model: Model, parts: Mapping[str, _Part]) -> Trainer:
        settings = self.config.training
        training, validation = parts["training"], parts["validation"]
        return Trainer(
            model,
            Balancer.registry.build(self.config.balancing, tasks=list(self.schema.targets)).to(
                choose_device(settings.device)
            ),
            Loader(
                training.dataset,
                training.with_any_label(),
                batch_size=settings.batch_size,
                shuffle=True,
                seed=self.config.seed,
            ),
            Loader(
                validation.dataset,
                validation.rows,
                batch_size=max(256, settings.batch_size),
            ),
            Plan(
                epochs=settings.epochs,
                lr=settings.lr,
                weight_decay=settings.weight_decay,
                warmup=settings.warmup,
                clip=settings.clip,
                patience=settings.patience,
                precision=settings.precision,
            ),
            self.listener,
            self._measure,
            None if self.folder is None else self.folder / "checkpoint",
        )

    def _measure(self, model: Model, answers: Answers) -> dict[str, dict[str, float]]:
        """Return each task's headline metric on the validation rows."""
        out = {}
        for task, (prediction, _) in answers.predictions(model).items():
            kind = self.schema.targets[task].kind
            truth = answers.targets[task].numpy()
            blind = fit_baseline(kind, truth)
            report = evaluate_task(kind, prediction, truth, blind, resamples=0)
            out[task] = {report.headline: report.metrics[report.headline].value}
        return out

    def _usage(self, parts: Mapping[str, _Part], rows_trained: int) -> dict[str, Any]:
        """Count rows and labels per task and split, and rows that have each modality."""
        training = parts["training"]
        present = {}
        for name, source in training.dataset.sources.items():
            masks = (
                source.batch(training.rows[start : start + 1024])[1]
                for start in range(0, len(training.rows), 1024)
            )
            present[name] = int(sum((m if m.ndim == 1 else m.any(axis=1)).sum() for m in masks))
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
            {task: one for task, (one, _) in answers.predictions(predictor.model).items()},
            {task: target[part.rows] for task, target in part.dataset.targets.items()},
            groups=None if groups is None else groups[part.rows],
        )
        return {
            "split": name,
            "tasks": {task: report.to_dict() for task, report in reports.items()},
        }


def _values(
    table: Any,
    targets: Sequence[str] | Mapping[str, Any],
    inputs: Sequence[str] | Mapping[str, Any] | None,
    config: str | Path | Mapping[str, Any] | None,
    settings: Sequence[str] | Mapping[str, Any],
    folder: Path | None,
    *,
    resume: bool,
) -> dict[str, Any]:
    """Return the config's raw values: file or mapping, then arguments, then settings."""
    if resume and config is None:
        if folder is None:
            raise ConfigError("`resume` needs `out`, the folder of the interrupted run.")
        config = folder / "run.yaml"
    values = (
        {}
        if config is None
        else read_config(config)
        if isinstance(config, str | Path)
        else _copied(config)
    )
    if isinstance(table, str | Path):
        values["data"] = {**(values.get("data") or {}), "table": str(table)}
    elif table is None and not (values.get("data") or {}).get("table"):
        raise ConfigError("No table given. Pass one, or name it in the config as `data.table`.")
    if isinstance(targets, str):
        targets = [targets]
    if targets:
        values["targets"] = (
            dict(targets) if isinstance(targets, Mapping) else {name: {} for name in targets}
        )
    if inputs is not None:
        values["inputs"] = (
            dict(inputs) if isinstance(inputs, Mapping) else {name: {} for name in inputs}
        )
    apply_settings(values, settings)
    if not values.get("targets"):
        raise ConfigError(
            "No target given. Name at least one column to predict, e.g. --target price, or targets=['price']."
        )
    return values


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _copied(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }


def _found(path: str | None, origin: Any) -> str | Path:
    """Return a path as it stands or, failing that, relative to the config's folder."""
    assert path is not None
    if not Path(path).exists() and isinstance(origin, str | Path):
        beside = Path(origin).parent / path
        if beside.exists():
            return beside
    return path


def _check_folder(folder: Path | None, *, resume: bool, overwrite: bool) -> None:
    if folder is None:
        return
    finished = (folder / "model.safetensors").exists() and not (folder / "checkpoint").exists()
    if resume and finished:
        raise RunError(f"The run in {str(folder)!r} is finished: there is nothing to resume.")
    if finished and not overwrite:
        raise RunError(
            f"{str(folder)!r} holds a finished run. Choose another folder, or say overwrite "
            "(--overwrite, overwrite=True)."
        )
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{str(folder)!r} is a file. Choose a folder for the run.")


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
