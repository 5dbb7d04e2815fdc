"""The plain half of a run: fitted beside the network, blended with it on held-out rows, applied to any table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from torso.columns.dataset import Dataset
from torso.columns.splits import group_ids
from torso.model.model import Model
from torso.plain.blend import PlainHalf, blended_outputs, fit_share, stated
from torso.plain.flat.flat import Flat
from torso.plain.flat.view import FlatView
from torso.plain.half import PlainTask, fit_task
from torso.plain.pooling import Floats
from torso.runs.config import RunConfig
from torso.runs.prepared import Prepared, Rows
from torso.runs.schema import Schema
from torso.tables.table import Column, Table
from torso.tasks import Head
from torso.training import Answers, Listener

__all__ = ["FittedHalf", "blend", "blends", "fit_half", "flat_rows"]

_LEAST_ROWS = 40
"""Rows with a label below which a task keeps to the network."""


@dataclass(frozen=True, eq=False)
class FittedHalf:
    """Plain models that were cross-fitted on all rows but the test's.

    Attributes:
        half: without shares in the answer yet.
        held_out: task -> its out-of-fold statements on the validation rows, `[rows, width]`.
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
    able = []
    for task, head in heads.items():
        few = prepared.parts["training"].dataset.targets[task][:1]
        if learnt[task] >= _LEAST_ROWS and head.response(torch.from_numpy(few)) is not None:
            able.append(task)
    return able


def fit_half(
    prepared: Prepared, config: RunConfig, heads: Mapping[str, Head], listener: Listener
) -> FittedHalf | None:
    """Fit the plain models of all tasks that have them; None without such tasks.

    Args:
        prepared: the rows.
        config: complete.
        heads: of the tasks, on the CPU.
        listener: is told of models that are left out.
    """
    tasks = blends(config, heads, prepared)
    if not tasks:
        return None
    parts = [prepared.parts["training"], prepared.parts["validation"]]
    view = FlatView(prepared.schema.modalities.values())
    flat = _learnt_rows(view, prepared.schema, parts)
    for name in view.left_out:
        listener.noted(f"{name}: the plain models cannot read it; the network does.")
    folds = _folds(parts, config)
    held_out = np.arange(len(parts[0].rows), flat.rows)
    fitted: dict[str, PlainTask] = {}
    said: dict[str, Floats] = {}
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
        said[task] = statements[held_out]
    return FittedHalf(PlainHalf(view, fitted), said)


def blend(fitted: FittedHalf, model: Model, answers: Answers) -> PlainHalf:
    """Fit each task's share of the plain models on held-out rows, and calibrate the heads for the blend.

    Args:
        fitted: the plain models.
        model: its heads are calibrated for the network alone, and afterwards for the blend.
        answers: of the network on the validation rows, with their targets.
    """
    tasks = {}
    for name, task in fitted.half.tasks.items():
        head, outputs, targets = model.heads[name], answers.outputs[name], answers.targets[name]
        device = next(head.parameters()).device
        head.cpu()
        task = replace(task, scale=head.factor)
        response = head.response(targets)
        assert response is not None
        plain = fitted.held_out[name]
        task = replace(task, share=fit_share(response, stated(task, head, outputs), plain))
        if task.share:
            calibrate_blend(task, head, outputs, plain, targets)
        tasks[name] = task
        head.to(device)
    return fitted.half.with_tasks(tasks)


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


def _folds(parts: Sequence[Rows], config: RunConfig) -> np.ndarray:
    """Return the fold of each row; rows of one group share a fold."""
    units: list[np.ndarray] = []
    start = 0
    for part in parts:
        groups = group_ids(part.table, config.data.split.group)
        own = part.rows if groups is None else groups[part.rows]
        shared = bool(units) and part.table is parts[0].table
        units.append(own if shared else own + start)
        start = max(int(unit.max(initial=0)) for unit in units) + 1
    which, unit = np.unique(np.concatenate(units), return_inverse=True)
    drawn = np.random.default_rng([config.seed, 5]).permutation(len(which)) % config.plain.folds
    return np.asarray(drawn[unit])
