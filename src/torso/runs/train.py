"""`torso.train`: one training on a preparation, and its report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from torso.core.arguments import check_is
from torso.model.model import Model
from torso.plain.blend import PlainHalf
from torso.progress.watching import Progress, watched
from torso.runs.blending.judge import Judge
from torso.runs.examples.choosing import examples_note, examples_of
from torso.runs.folder.examples_file import write_examples
from torso.runs.folder.folder import RunFolder
from torso.runs.identity import check_same, identity
from torso.runs.networks.folds import Folds, train_folds
from torso.runs.networks.refit import refitted
from torso.runs.networks.timer import Timer
from torso.runs.plan import Planned, needs_plan, planned
from torso.runs.predicting.predictor import Predictor
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut
from torso.runs.report.patterns import patterns_of
from torso.runs.report.report import BalancingReport, RunReport, Timings, TrainingReport, Usage
from torso.runs.settings.config import RunConfig
from torso.runs.settings.durations import seconds_of
from torso.tasks import Decision
from torso.training import (
    Epoch,
    Listener,
    Listeners,
    Trainer,
)
from torso.training.checkpoint import Checkpoint
from torso.training.config import LOSS

__all__ = ["Trained", "train", "train_model", "train_run"]


def train(
    prepared: Prepared,
    settings: Sequence[str] | Mapping[str, object] = (),
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    listener: Listener | None = None,
    progress: Progress = "auto",
) -> Predictor:
    """Train one model on a preparation, which may serve many trainings; its results are in `report`.

    >>> import numpy as np, torso
    >>> draw = np.random.default_rng(0)
    >>> size = draw.normal(size=80)
    >>> table = {"size": size, "price": size + draw.normal(size=80)}
    >>> small = {"training.epochs": 1, "dim": 8, "folds": 0, "blend": "off"}
    >>> prepared = torso.prepare(table, ["price"], settings=small)
    >>> [train(prepared, {"seed": seed}).report.split for seed in (0, 1)]
    ['test', 'test']

    Args:
        prepared: from `torso.prepare`.
        settings: changes like `{"fusion": "gated", "seed": 1}`, which win over those of `prepare`.
        out: folder of the run; None keeps it in memory.
        overwrite: replace a finished run in `out`.
        listener: is told what happens; `epoch_done` may return `STOP`.
        progress: show a bar: `"auto"` in a terminal and in a notebook, True always, False never.

    Returns:
        The run that `torso.fit` gives with the same settings, to the last digit.

    Raises:
        ConfigError: settings that are unknown, or that ask for another preparation.
        RunError: `out` holds a run or other files, or the training was interrupted before anything was learnt.
    """
    check_is("prepared", prepared, Prepared, "Of a table: torso.fit(table, targets).")
    prepared = prepared.under(settings)
    folder = None if out is None else RunFolder(Path(out).expanduser())
    if folder is not None:
        folder.check_free(overwrite=overwrite)
    with watched(listener, progress) as told:
        return train_run(prepared, prepared.config, folder, told)


def train_run(
    prepared: Prepared,
    config: RunConfig,
    folder: RunFolder | None = None,
    listener: Listener | None = None,
    *,
    resume: bool = False,
    began: float | None = None,
) -> Predictor:
    """Train one model and write the run, if it has a folder.

    Args:
        prepared: the rows.
        config: complete; dial and budget complete that of `prepared` instead.
        folder: of the run.
        listener: is told what happens.
        resume: go on with the interrupted training in the folder.
        began: time of `perf_counter` at which a budget began; None for now.
    """
    heard = [listener] if listener is not None else []
    epochs, notes = list[Epoch](), list[str]()
    timer = None if config.budget is None else Timer.started(seconds_of(config.budget), began)
    plan = Planned(prepared, timer)
    with nullcontext() if folder is None else folder.made():
        if needs_plan(config) and not resume:
            plan = planned(prepared, Listeners(heard), timer)
            prepared, config = plan.prepared, plan.prepared.config
        logs: list[Listener] = []
        checkpoint = None
        if folder is not None:
            about = identity(prepared, config)
            checkpoint = replace(folder.checkpoint, about=about)
            if resume:
                check_same(folder.checkpoint.noted(), about, prepared, str(folder.path))
                epochs, notes = folder.logged()
            logs = [log := folder.begin(config, resume=resume)]
            for note in prepared.notes:
                log.noted(note)
        (told := Listeners([*logs, *heard])).configured(config.model_dump())
        trained = train_model(
            prepared, config, listener=told, checkpoint=checkpoint, resume=resume, plan=plan
        )
    offered = None
    if folder is not None and not folder.of_study:
        offered = examples_of(prepared, config.examples)
        write_examples(folder.path, offered)
    report = _with_earlier(trained.report, epochs, notes)
    if offered is not None:
        told.noted(note := examples_note(offered))
        report = replace(report, notes=tuple(dict.fromkeys([*report.notes, note])))
    run = _predictor(prepared, config, replace(trained, report=report))
    told.judged(report.tasks)
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
        plain: models beside it; None without any.
        decisions: task -> thresholds that its answers go by.
        held_out: answers to the rows that the report is about, beside their truths.
    """

    model: Model
    report: RunReport
    resumable: bool
    plain: PlainHalf | None = None
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    held_out: HeldOut | None = None


def train_model(
    prepared: Prepared,
    config: RunConfig,
    *,
    listener: Listener | None = None,
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    plan: Planned | None = None,
) -> Trained:
    """Train, calibrate and judge one model. The caller's random numbers stay as they are.

    Args:
        prepared: the rows.
        config: complete: from `Prepared.configured`.
        listener: is told what happens.
        checkpoint: keeps the state after each epoch; None for none.
        resume: go on from the checkpoint.
        plan: clock of the run, and plain models that were fitted before; None: no budget.
    """
    timer, half = (None, None) if plan is None else (plan.timer, plan.half)
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        recorder = _Recorder()
        heard = Listeners([recorder, *([listener] if listener is not None else [])])
        trained = train_folds(prepared, config, heard, checkpoint, resume=resume, timer=timer)
        began = perf_counter()
        judged = Judge(prepared, config, trained).judge(heard, half)
        evaluating = perf_counter() - began
        again = refitted(prepared, config, trained, heard, timer) if config.refit else None
    report = RunReport(
        split=judged.split,
        tasks=judged.tasks,
        usage=_usage(prepared, trained.rows_trained),
        training=_course(
            trained,
            Timings(prepared.seconds + trained.preparing, trained.training, evaluating),
            recorder.epochs,
        ),
        curves=tuple(recorder.epochs),
        notes=(*prepared.notes, *recorder.notes),
        baselines=prepared.baselines,
        blend=judged.blend,
        decisions=judged.decided,
        patterns=patterns_of(judged.held_out, config.seed) if judged.held_out else (),
    )
    model, resumable = again or trained.model, trained.trainer.resumable
    return Trained(model, report, resumable, judged.plain, judged.decisions, judged.held_out)


def _predictor(prepared: Prepared, config: RunConfig, trained: Trained) -> Predictor:
    """Return a trained model with all it needs to answer, in memory."""
    return Predictor(
        config,
        prepared.schema,
        trained.model,
        trained.report,
        split=prepared.split,
        skipped=prepared.skipped,
        plain=trained.plain,
        decisions=trained.decisions,
        held_out=trained.held_out,
    )


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


def _best_loss(trainer: Trainer, curves: Sequence[Epoch]) -> float | None:
    """Return the sum of held-out losses of the epoch that was kept; None where no epoch, or an earlier run, knows."""
    if trainer.config.monitor == LOSS:
        return trainer.kept.loss if trainer.kept.epoch else None
    losses = [epoch.validation for epoch in curves if epoch.number == trainer.kept.epoch]
    known = [[loss for loss in each.values() if not math.isnan(loss)] for each in losses]
    return sum(known[0]) if known else None


def _course(trained: Folds, seconds: Timings, curves: Sequence[Epoch]) -> TrainingReport:
    """Return how the training of the first network went."""
    trainer = trained.trainer
    looks: dict[str, Any] = trainer.monitor.summary()
    return TrainingReport(
        end=trainer.reason,
        epochs=trainer.epoch,
        best_epoch=trainer.kept.epoch,
        best_loss=_best_loss(trainer, curves),
        parameters=sum(parameter.numel() for parameter in trained.model.parameters()),
        balancing=BalancingReport(**looks),
        seconds=seconds,
        networks=trained.networks,
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
