"""`torso.train`: one training on a preparation, and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from torso.columns.loader import Loader
from torso.columns.splits import group_ids
from torso.evaluation.report import TaskReport
from torso.model.model import Model
from torso.runs.build import build_balancer, build_model
from torso.runs.config import RunConfig
from torso.runs.folder import RunFolder
from torso.runs.identity import check_same, identity
from torso.runs.predictor import Predictor
from torso.runs.prepared import Prepared, Rows
from torso.runs.report import BalancingReport, RunReport, Timings, TrainingReport, Usage
from torso.runs.schema import Schema
from torso.runs.scoring import Scorer
from torso.tasks import evaluate_task, fit_baseline
from torso.training import (
    Answers,
    Epoch,
    Listener,
    Listeners,
    Trainer,
    answer,
    choose_device,
    run_frozen_once,
    shows_views,
)
from torso.training.checkpoint import Checkpoint

__all__ = ["Trained", "train", "train_model", "train_run"]

_EVALUATED = 256
"""Rows that the model sees at once where nothing is learned."""


def train(
    prepared: Prepared,
    settings: Sequence[str] | Mapping[str, object] = (),
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    listener: Listener | None = None,
) -> Predictor:
    """Train one model on a preparation, which may serve many trainings; its results are in `report`.

    Args:
        prepared: from `torso.prepare`.
        settings: changes like `{"fusion": "gated", "seed": 1}`, which win over those of `prepare`.
        out: folder of the run; None keeps it in memory.
        overwrite: replace a finished run in `out`.
        listener: is told what happens, e.g. a progress bar; `epoch_done` may return `STOP`.

    Returns:
        The run that `torso.fit` gives with the same settings, to the last digit.

    Raises:
        ConfigError: settings that are unknown, or that ask for another preparation.
        RunError: `out` holds a run or other files, or the training was interrupted before anything was learnt.
    """
    config = prepared.configured(settings)
    folder = None if out is None else RunFolder(Path(out).expanduser())
    if folder is not None:
        folder.check_free(overwrite=overwrite)
    return train_run(prepared, config, folder, listener)


def train_run(
    prepared: Prepared,
    config: RunConfig,
    folder: RunFolder | None = None,
    listener: Listener | None = None,
    *,
    resume: bool = False,
) -> Predictor:
    """Train one model and write the run, if it has a folder."""
    heard = [listener] if listener is not None else []
    epochs: list[Epoch] = []
    notes: list[str] = []
    if folder is None:
        trained = train_model(prepared, config, listener=Listeners(heard))
    else:
        with folder.made():
            about = identity(prepared, config)
            if resume:
                check_same(folder.checkpoint.noted(), about, prepared, str(folder.path))
                epochs, notes = folder.logged()
            log = folder.begin(config, resume=resume)
            for note in prepared.notes:
                log.noted(note)
            trained = train_model(
                prepared,
                config,
                listener=Listeners([log, *heard]),
                checkpoint=replace(folder.checkpoint, about=about),
                resume=resume,
            )
    report = _with_earlier(trained.report, epochs, notes)
    run = Predictor(
        config,
        prepared.schema,
        trained.model,
        report,
        split=prepared.split,
        skipped=prepared.skipped,
    )
    if folder is None:
        return run
    folder.write(run, resumable=trained.resumable)
    return replace(run, folder=folder.path)


@dataclass(frozen=True, eq=False)
class Trained:
    """Result of one training.

    Attributes:
        model: with the best weights, its heads calibrated.
        report: its scores, curves and notes.
        resumable: True if the training ended before its time, so that its checkpoint is of use.
    """

    model: Model
    report: RunReport
    resumable: bool


def train_model(
    prepared: Prepared,
    config: RunConfig,
    *,
    listener: Listener | None = None,
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
) -> Trained:
    """Train, calibrate and judge one model. The caller's random numbers stay as they are.

    Args:
        prepared: the rows.
        config: complete: from `Prepared.configured`.
        listener: is told what happens.
        checkpoint: keeps the state after each epoch; None for none.
        resume: go on from the checkpoint.
    """
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(config.seed)
        recorder = _Recorder()
        heard = Listeners([recorder, *([listener] if listener is not None else [])])
        began = perf_counter()
        device = choose_device(config.training.device)
        model = build_model(config, prepared.schema).to(device)
        balancer = build_balancer(config, model).to(device)
        parts = _encoded(prepared, model, config.training.precision, heard)
        trainer = Trainer(
            model,
            balancer,
            *_loaders(config, parts),
            config.training,
            heard,
            partial(_headlines, prepared.schema),
            checkpoint,
        )
        ready = perf_counter()
        trainer.run(resume=resume)
        trained = perf_counter()
        _calibrate(model, trainer, config.training.precision)
        split = "test" if len(parts["test"].rows) else "validation"
        tasks = _scores(prepared, config, model, parts[split])
    preparing = prepared.seconds + ready - began
    seconds = Timings(preparing, trained - ready, perf_counter() - trained)
    report = RunReport(
        split=split,
        tasks=tasks,
        usage=_usage(prepared, len(trainer.training.rows)),
        training=_course(trainer, seconds),
        curves=tuple(recorder.epochs),
        notes=(*prepared.notes, *recorder.notes),
        baselines=prepared.baselines,
    )
    return Trained(model, report, trainer.resumable)


class _Recorder(Listener):
    """Keeps epochs and notes for the report."""

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []
        self.notes: list[str] = []

    def epoch_done(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)

    def noted(self, message: str) -> None:
        self.notes.append(message)


def _with_earlier(report: RunReport, epochs: Sequence[Epoch], notes: Sequence[str]) -> RunReport:
    """Return the report of a resumed training with the epochs and notes from before it was interrupted."""
    first = report.curves[0].number if report.curves else report.training.epochs + 1
    earlier = {epoch.number: epoch for epoch in epochs if epoch.number < first}
    return replace(
        report,
        curves=(*earlier.values(), *report.curves),
        notes=tuple(dict.fromkeys([*notes, *report.notes])),
    )


def _encoded(
    prepared: Prepared, model: Model, precision: str, listener: Listener
) -> dict[str, Rows]:
    """Return the parts with frozen encoders run once, and training rows in augmented views where these have any."""

    def once(part: Rows, *, views: bool = False) -> Rows:
        dataset = run_frozen_once(
            model,
            part.dataset,
            prepared.cache,
            precision=precision,
            learned=part.rows if views else None,
            progress=listener.preparing,
        )
        return replace(part, dataset=dataset)

    training = prepared.parts["training"]
    whole = once(training)
    parts = {"training": once(training, views=True) if shows_views(model) else whole}
    for name in ("validation", "test"):
        part = prepared.parts[name]
        shared = part.dataset is training.dataset  # drawn from the same table
        parts[name] = replace(part, dataset=whole.dataset) if shared else once(part)
    return parts


def _loaders(config: RunConfig, parts: Mapping[str, Rows]) -> tuple[Loader, Loader]:
    """Return the training batches and the held-out ones."""
    training, validation = parts["training"], parts["validation"]
    return (
        Loader(
            training.dataset,
            training.with_any_label(),
            batch_size=config.training.batch_size or 64,
            shuffle=True,
            seed=config.seed,
        ),
        Loader(validation.dataset, validation.rows, batch_size=_EVALUATED),
    )


def _course(trainer: Trainer, seconds: Timings) -> TrainingReport:
    looks: dict[str, Any] = trainer.monitor.summary()
    return TrainingReport(
        end=trainer.reason,
        epochs=trainer.epoch,
        best_epoch=trainer.kept.epoch,
        best_loss=trainer.kept.loss if trainer.kept.epoch else None,
        parameters=sum(parameter.numel() for parameter in trainer.model.parameters()),
        balancing=BalancingReport(**looks),
        seconds=seconds,
    )


def _headlines(schema: Schema, model: Model, answers: Answers) -> dict[str, dict[str, float]]:
    """Return each task's headline metric on the validation rows."""
    headlines = {}
    for task, (prediction, details) in answers.predictions(model).items():
        target = schema.targets[task]
        labels = answers.targets[task].numpy()
        truth = target.compared(labels)
        report = evaluate_task(
            target.kind,
            target.compared(prediction),
            truth,
            fit_baseline(target.kind, truth, facts=target.judged_by()),
            details=target.compared_details(details, labels),
            resamples=0,
        )
        headlines[task] = {report.headline: report.metrics[report.headline].value}
    return headlines


def _calibrate(model: Model, trainer: Trainer, precision: str) -> None:
    """Calibrate the heads on held-out rows: temperatures, spreads."""
    held_out = answer(model, trainer.validation, precision)
    for task, head in model.heads.pairs():
        head.cpu().calibrate(held_out.outputs[task], held_out.targets[task])
        head.to(trainer.device)


def _scores(
    prepared: Prepared, config: RunConfig, model: Model, part: Rows
) -> dict[str, TaskReport]:
    loader = Loader(part.dataset, part.rows, batch_size=_EVALUATED)
    model.eval()
    answers = answer(model, loader, config.training.precision)
    groups = group_ids(part.table, config.data.split.group)
    scorer = Scorer(prepared.schema, model, prepared.baselines, config.seed)
    return scorer(
        answers.predictions(model),
        {task: target[part.rows] for task, target in part.dataset.targets.items()},
        groups=None if groups is None else groups[part.rows],
    )


def _usage(prepared: Prepared, rows_trained: int) -> Usage:
    """Count rows and labels per task and part, and training rows that have each modality."""
    training = prepared.parts["training"]
    skipped: dict[str, int] = {}
    for cell in prepared.skipped:
        skipped[cell.column] = skipped.get(cell.column, 0) + 1
    return Usage(
        rows={name: len(part.rows) for name, part in prepared.parts.items()},
        rows_trained=rows_trained,
        labels={name: part.num_labels() for name, part in prepared.parts.items()},
        training_rows_with={
            name: int(source.present()[training.rows].sum())
            for name, source in training.dataset.sources.items()
        },
        skipped_cells=skipped,
    )
