"""The plain half of a run: fitted beside the network, blended with it on held-out rows, applied to any table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from torso.columns.dataset import Dataset
from torso.plain.blend import PlainHalf, blended_outputs, fit_share, stated
from torso.plain.flat.flat import Flat
from torso.plain.flat.view import FlatView
from torso.plain.half import PlainTask, fit_task
from torso.plain.models import PlainModel
from torso.plain.patterns import common_patterns, met
from torso.plain.pooling import Floats
from torso.runs.config import RunConfig
from torso.runs.folds import Folds, assigned_folds
from torso.runs.prepared import Prepared, Rows
from torso.runs.schema import Schema
from torso.tables.table import Column, Table
from torso.tasks import Head
from torso.training import Listener, shows_views

__all__ = ["FittedHalf", "blend", "blends", "fit_half", "flat_rows", "plain_parts", "with_plain"]

_LEAST_ROWS = 40
"""Rows with a label below which a task keeps to the network."""


@dataclass(frozen=True, eq=False)
class FittedHalf:
    """Plain models that were cross-fitted on all rows but the test's.

    Attributes:
        half: without shares in the answer yet.
        held_out: task -> its out-of-fold statements on the rows that the network holds out, `[rows, width]`.
    """

    half: PlainHalf
    held_out: Mapping[str, Floats]


def blends(config: RunConfig, heads: Mapping[str, Head], prepared: Prepared) -> list[str]:
    """Return the tasks that plain models can learn, as far as the config wants any."""
    if config.blend == "off":
        return []
    learnt = dict.fromkeys(heads, 0)
    for name in ("training", "validation"):
        for task, labels in prepared.parts[name].num_labels().items():
            learnt[task] += labels
    return [
        task
        for task, head in heads.items()
        if head.statement is not None and learnt[task] >= _LEAST_ROWS
    ]


def fit_half(
    prepared: Prepared, config: RunConfig, trained: Folds, listener: Listener
) -> FittedHalf | None:
    """Fit the plain models of all tasks that have them; None without such tasks.

    Args:
        prepared: the rows.
        config: complete.
        trained: the network, which holds out some of the rows.
        listener: is told of models that are left out.
    """
    heads = trained.heads
    tasks = blends(config, heads, prepared)
    if not tasks:
        return None
    own = plain_parts(prepared, trained)
    parts = [own["training"], own["validation"]]
    view = FlatView(prepared.schema.modalities.values())
    flat = _learnt_rows(view, prepared.schema, parts)
    for name in view.left_out:
        listener.noted(f"{name}: the plain models cannot read it; the network does.")
    folds = assigned_folds(parts, config, config.plain.folds)
    fitted: dict[str, PlainTask] = {}
    said: dict[str, Floats] = {}
    unsuited: dict[str, list[str]] = {}
    for task in tasks:
        labels = np.concatenate([part.dataset.targets[task][part.rows] for part in parts])
        response = heads[task].response(torch.from_numpy(labels))
        assert response is not None
        fitted[task], statements = fit_task(
            flat,
            response,
            folds,
            models=config.plain.models,
            seed=config.seed,
            told=listener.noted,
        )
        said[task] = statements[trained.kept]
        for name in config.plain.models:
            if not PlainModel.registry.find(name).suits(flat, response):
                unsuited.setdefault(name, []).append(task)
    for name, left in unsuited.items():
        listener.noted(
            f"The plain model {name!r} takes no part in {left}: too many rows, columns or labels to be quick."
        )
    training = parts[0]
    patterns = common_patterns(training.dataset.sources, training.rows)
    return FittedHalf(PlainHalf(view, fitted, patterns), said)


def plain_parts(prepared: Prepared, trained: Folds) -> Mapping[str, Rows]:
    """Return the parts as plain models read them: beside the features, the tokens of frozen encoders.

    Tokens of augmented views are left out: plain models see each row once.
    """
    if shows_views(trained.model):
        return prepared.parts
    return {
        name: replace(part, dataset=trained.parts[name].dataset)
        for name, part in prepared.parts.items()
    }


def blend(fitted: FittedHalf, trained: Folds) -> PlainHalf:
    """Fit each task's share of the plain models on held-out rows, and calibrate the heads for the blend.

    Args:
        fitted: the plain models.
        trained: the network; its heads are calibrated for itself alone, and afterwards for the blend.
    """
    tasks, answers = {}, trained.held_out
    for name, task in fitted.half.tasks.items():
        head, outputs, targets = (
            trained.model.heads[name],
            answers.outputs[name],
            answers.targets[name],
        )
        device = next(head.parameters()).device
        head.cpu()
        task = replace(task, scale=head.factor)
        response = head.response(targets)
        assert response is not None
        plain = fitted.held_out[name]
        network = stated(task, head, outputs)
        share = fit_share(response, network, plain, folds=trained.networks > 1)
        task = replace(task, share=share)
        if task.share:
            calibrate_blend(task, head, outputs, plain, targets)
        tasks[name] = task
        head.to(device)
    return replace(fitted.half, tasks=tasks)


def calibrate_blend(
    task: PlainTask, head: Head, outputs: Tensor, plain: Floats, targets: Tensor
) -> None:
    """Calibrate a head for the blend, on held-out rows."""
    pooled = blended_outputs(task, head, outputs, plain)
    head.uncalibrate()
    head.calibrate(pooled, targets)


def flat_rows(
    half: PlainHalf, schema: Schema, table: Table, dataset: Dataset, rows: np.ndarray | None = None
) -> Flat:
    """Return rows of a table as the plain models read them; all by default."""
    return half.view.flat(_columns(schema, table), dataset.sources, rows)


def with_plain(
    half: PlainHalf,
    heads: Mapping[str, Head],
    network: Mapping[str, Tensor],
    schema: Schema,
    table: Table,
    dataset: Dataset,
) -> dict[str, Tensor]:
    """Return the blend's raw outputs for all rows of a table.

    Args:
        half: the plain models.
        heads: of the tasks.
        network: task -> its raw outputs.
        schema: fitted.
        table: the rows.
        dataset: the table laid out.
    """
    flat = flat_rows(half, schema, table, dataset)
    known = met(dataset.sources, np.arange(table.rows), half.patterns)
    return half.outputs(heads, network, flat, known)


def _columns(schema: Schema, table: Table) -> dict[str, Column]:
    return {name: schema.column(table, name) for name in schema.inputs}


def _learnt_rows(view: FlatView, schema: Schema, parts: Sequence[Rows]) -> Flat:
    """Fit the view; return the rows of all parts below each other."""
    first = parts[0]
    same = [part for part in parts if part.table is first.table]
    learnt = np.concatenate([part.rows for part in same])
    whole = view.fit(_columns(schema, first.table), first.dataset.sources, learnt)
    return Flat.stacked(
        [
            whole.take(part.rows)
            if part.table is first.table
            else view.flat(_columns(schema, part.table), part.dataset.sources, part.rows)
            for part in parts
        ]
    )
