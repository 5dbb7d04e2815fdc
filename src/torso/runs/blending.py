"""The plain half of a run: fitted beside the network, blended with it on held-out rows, applied to any table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from torso.columns.dataset import Dataset
from torso.plain.blend import (
    NO_SIGNAL,
    PlainHalf,
    blended_outputs,
    chance_of_no_signal,
    fit_share,
    stated,
)
from torso.plain.flat.flat import Flat
from torso.plain.flat.view import FlatView
from torso.plain.half import PlainTask, fit_task
from torso.plain.models import PlainModel
from torso.plain.patterns import common_patterns, met
from torso.plain.pooling import Floats, constant_statement, log_likelihood
from torso.runs.config import RunConfig
from torso.runs.folds import Folds, assigned_folds
from torso.runs.prepared import Prepared, Rows
from torso.runs.schema import Schema
from torso.runs.timer import Timer
from torso.tables.table import Column, Table
from torso.tasks import Head, Response
from torso.training import Listener

__all__ = [
    "FittedHalf",
    "blend",
    "blends",
    "fit_half",
    "flat_rows",
    "gain_of_inputs",
    "with_plain",
]

_UNKNOWN = 4.0
"""Times that a model may take as long as those before it, which are quicker, as far as is known."""
_FOLDS_OF_GAIN = 5
_LEAST_ROWS = 40
"""Rows with a label below which a task keeps to the network."""


@dataclass(frozen=True, eq=False)
class FittedHalf:
    """Plain models that were cross-fitted on all rows but the test's.

    Attributes:
        half: without shares in the answer yet.
        statements: task -> its out-of-fold statements on training rows followed by validation rows, `[rows, width]`.
    """

    half: PlainHalf
    statements: Mapping[str, Floats]

    def held_out(self, trained: Folds) -> dict[str, Floats]:
        """Return task -> its statements on the rows that the networks hold out."""
        return {task: said[trained.kept] for task, said in self.statements.items()}


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
    prepared: Prepared,
    config: RunConfig,
    heads: Mapping[str, Head],
    listener: Listener,
    timer: Timer | None = None,
) -> FittedHalf | None:
    """Fit the plain models of all tasks that have them; None without such tasks.

    Args:
        prepared: the rows.
        config: complete.
        heads: of the tasks, trained or not.
        listener: is told of models that are left out.
        timer: a model that would end too late, as far as it took long before, is left out; None: none is.
    """
    tasks = blends(config, heads, prepared)
    _tell_few_labels(tasks, config, heads, listener)
    if not tasks:
        return None
    parts = [prepared.parts["training"], prepared.parts["validation"]]
    view = FlatView(prepared.schema.modalities.values())
    flat = _learnt_rows(view, prepared.schema, parts)
    folds = [
        assigned_folds(parts, config, config.plain.folds, draw)
        for draw in range(config.plain.repeats or 1)
    ]
    fitted: dict[str, PlainTask] = {}
    said: dict[str, Floats] = {}
    pacer = _Pacer(config.plain.models, timer)
    for task in tasks:
        if timer is not None and timer.left <= 0:
            pacer.late.setdefault("all", []).append(task)
            continue
        labels = np.concatenate([part.dataset.targets[task][part.rows] for part in parts])
        response = heads[task].response(torch.from_numpy(labels))
        assert response is not None
        fitted[task], said[task] = fit_task(
            flat,
            response,
            folds,
            models=pacer.models(task),
            seed=config.seed,
            told=listener.noted,
        )
        pacer.judge(task, flat, response)
    for name in view.left_out:
        listener.noted(f"{name}: the plain models cannot read it; the network does.")
    pacer.tell(listener)
    training = parts[0]
    patterns = common_patterns(training.dataset.sources, training.rows)
    return FittedHalf(PlainHalf(view, fitted, patterns), said)


class _Pacer:
    """Passes on the models for which there is time.

    Args:
        names: of the models.
        timer: says how much; None for any.
    """

    def __init__(self, names: Sequence[str], timer: Timer | None) -> None:
        self.names = names
        self.timer = timer
        self.unsuited: dict[str, list[str]] = {}  # model -> tasks
        self.late: dict[str, list[str]] = {}  # model, or `all` -> tasks
        self._longest: dict[str, float] = {}

    def models(self, task: str) -> Iterator[str]:
        """Yield models of a task; each is fitted before the next one is asked for."""
        for name in self.names:
            if self.timer is None:
                yield name
                continue
            before = self.timer.left
            guess = _UNKNOWN * max(self._longest.values(), default=0.0)
            if before <= self._longest.get(name, guess):
                self.late.setdefault(name, []).append(task)
                continue
            yield name
            self._longest[name] = max(self._longest.get(name, 0.0), before - self.timer.left)

    def judge(self, task: str, flat: Flat, response: Response) -> None:
        """Note which models keep out of a task."""
        for name in self.names:
            if not PlainModel.registry.find(name).suits(flat, response):
                self.unsuited.setdefault(name, []).append(task)

    def tell(self, listener: Listener) -> None:
        """Tell which models were left out, and why."""
        for name, left in self.unsuited.items():
            listener.noted(
                f"The plain model {name!r} takes no part in {', '.join(left)}: "
                f"too many rows, columns or labels to be quick."
            )
        for name, tasks in self.late.items():
            which = "plain models" if name == "all" else f"the plain model {name!r}"
            listener.noted(f"Budget: there was no time for {which} of {', '.join(tasks)}.")


def _tell_few_labels(
    tasks: Sequence[str], config: RunConfig, heads: Mapping[str, Head], listener: Listener
) -> None:
    stating = [task for task, head in heads.items() if head.statement is not None]
    few = [task for task in stating if task not in tasks]
    if few and config.blend != "off":
        listener.noted(
            f"{', '.join(few)}: fewer than {_LEAST_ROWS} labels, too few to weigh plain models; the network answers."
        )


def blend(fitted: FittedHalf, trained: Folds, listener: Listener) -> PlainHalf:
    """Fit each task's share of the plain models on held-out rows, and calibrate the heads for the blend.

    Where both are hardly better than what is said without inputs, that takes part.

    Args:
        fitted: the plain models.
        trained: the network; its heads are calibrated for itself alone, and afterwards for the blend.
        listener: is told of targets that are answered without inputs.
    """
    tasks, answers = {}, trained.held_out
    statements = fitted.held_out(trained)
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
        plain = statements[name]
        network = stated(task, head, outputs)
        share = fit_share(response, network, plain, folds=trained.networks > 1)
        task = replace(task, share=share)
        gain = gain_of_inputs(task, head, response, (outputs, plain, targets))
        task = replace(task, constant=chance_of_no_signal(gain))
        if task.blends:
            calibrate_blend(task, head, outputs, plain, targets)
        tasks[name] = task
        head.to(device)
    _tell_no_signal(tasks, listener)
    return replace(fitted.half, tasks=tasks)


@torch.no_grad()
def gain_of_inputs(
    task: PlainTask, head: Head, response: Response, held_out: tuple[Tensor, Floats, Tensor]
) -> float:
    """Return by how much the log-likelihood of held-out labels under the blend is above that without inputs.

    Both are calibrated on four fifths of these rows and judged on the others, in turn. Numbers are judged by one spread
    for all rows, so a few gross errors beside many small ones do not outweigh the signal.

    Args:
        task: knows the shares of network and plain models.
        head: of the task; it is left as it was.
        response: labels of the held-out rows.
        held_out: raw outputs of the network, statement of the plain models, and labels.
    """
    outputs, plain, targets = held_out
    before, fold = deepcopy(head.state_dict()), np.arange(len(outputs)) % _FOLDS_OF_GAIN
    blend, constant = np.zeros(plain.shape), np.zeros(plain.shape)
    for number in range(_FOLDS_OF_GAIN):
        fit, left = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        blind = np.broadcast_to(constant_statement(response.take(fit)), plain.shape)
        pairs = ((blend, task, plain), (constant, replace(task, share=1.0), blind))
        for result, own, said in pairs:
            calibrate_blend(own, head, outputs[fit], said[fit], targets[fit])
            pooled = blended_outputs(own, head, outputs[left], said[left])
            result[left] = head.stated(pooled).double().numpy()
            head.load_state_dict(before)
    return log_likelihood(response, blend) - log_likelihood(response, constant)


def _tell_no_signal(tasks: Mapping[str, PlainTask], listener: Listener) -> None:
    for name, task in tasks.items():
        if task.constant >= NO_SIGNAL:
            listener.noted(
                f"{name}: no better than without inputs on held-out rows. What is said without them has "
                f"{task.constant:.0%} of the answer. More rows or other columns may help; to have the network alone: "
                f"--set blend=off."
            )


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
    columns = {name: schema.column(table, name) for name in half.view.written}
    return half.view.flat(columns, dataset.sources, rows)


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
