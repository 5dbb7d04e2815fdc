"""The plain half of a run: fitted beside the network, blended with it on held-out rows, applied to any table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from torso.columns.dataset import Dataset
from torso.core.notes import Telling
from torso.plain.blend import (
    PlainHalf,
    calibrate_blend,
    chance_of_no_signal,
    fit_share,
    stated,
)
from torso.plain.clock import Late, in_time
from torso.plain.flat.flat import Flat
from torso.plain.flat.view import FlatView
from torso.plain.half import PlainTask, fit_task
from torso.plain.models import PlainModel
from torso.plain.patterns import common_patterns, met
from torso.plain.pooling import Floats
from torso.runs.blending.frozen import with_tokens
from torso.runs.blending.without_inputs import gain_of_inputs, tell_no_signal
from torso.runs.networks.folds import Folds, assigned_folds
from torso.runs.networks.timer import Timer
from torso.runs.preparing.prepared import Prepared, Rows
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.tables.table import Column, Table
from torso.tasks import Head, Response
from torso.training import Listener

__all__ = ["FittedHalf", "blend", "blends", "fit_half", "flat_rows", "tested", "with_plain"]

_UNKNOWN = 4.0
"""Times that a model may take as long as those before it, which are quicker, as far as is known."""
_ALL = "all"
_LEAST_ROWS = 40
"""Rows with a label below which a task keeps to the network."""


@dataclass(frozen=True, eq=False)
class FittedHalf:
    """Plain models that were cross-fitted on all rows but the test's.

    Attributes:
        half: without shares in the answer yet.
        statements: task -> its out-of-fold statements on training rows followed by validation rows, `[rows, width]`.
        tested: task -> its statements on the test rows, where they are made already.
        weights: how much each row counts, in the same order; None: all alike.
    """

    half: PlainHalf
    statements: Mapping[str, Floats]
    tested: Mapping[str, Floats] | None = None
    weights: np.ndarray | None = None

    @classmethod
    def none(cls) -> FittedHalf:
        """Return a half without plain models: there is no time for any."""
        return cls(PlainHalf(FlatView(()), {}), {})

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
    parts = with_tokens(prepared, config, ["training", "validation"], listener)
    view = FlatView(prepared.schema.modalities.values())
    fitted: dict[str, PlainTask] = {}
    said: dict[str, Floats] = {}
    weights, told = _weights(parts), _once(listener.noted)
    pacer = _Pacer(config.plain.models, timer)
    with in_time(None if timer is None else lambda: timer.left):
        try:
            flat = _learnt_rows(view, prepared.schema, parts)
        except Late:
            listener.noted("Budget: there was no time for plain models.")
            return FittedHalf.none()
        for task in tasks:
            labels = np.concatenate([part.dataset.targets[task][part.rows] for part in parts])
            response = heads[task].response(torch.from_numpy(labels))
            assert response is not None
            response = replace(response, weights=weights)
            fitted[task], said[task] = fit_task(
                flat,
                response,
                _folds(parts, config),
                models=pacer.models(task, flat, response),
                seed=config.seed,
                told=told,
            )
            pacer.judge(task, fitted[task])
    for task in pacer.late.get(_ALL, []):
        del fitted[task], said[task]
    for name in view.left_out:
        listener.noted(Telling(f"{name}: the plain models cannot read it; the network does."))
    pacer.tell(listener)
    training = parts[0]
    patterns = common_patterns(training.dataset.sources, training.rows)
    return FittedHalf(PlainHalf(view, fitted, patterns), said, weights=weights)


def _once(told: Callable[[str], None]) -> Callable[[str], None]:
    """Return `told` for new sentences only: a library that one task lacks, all lack."""
    known: set[str] = set()

    def tell(sentence: str) -> None:
        if sentence not in known:
            known.add(sentence)
            told(sentence)

    return tell


def _weights(parts: Sequence[Rows]) -> np.ndarray | None:
    """Return how much each row counts; None: all alike."""
    each = [part.dataset.weights[part.rows] for part in parts if part.dataset.weights is not None]
    return np.concatenate(each).astype(np.float64) if len(each) == len(parts) else None


def _folds(parts: Sequence[Rows], config: RunConfig) -> list[np.ndarray]:
    """Return the fold of each row, for each draw."""
    draws = range(config.plain.repeats or 1)
    return [assigned_folds(parts, config, config.plain.folds, draw) for draw in draws]


class _Pacer:
    """Passes on the models that suit a task and for which there is time.

    Args:
        names: of the models.
        timer: says how much; None for any.
    """

    def __init__(self, names: Sequence[str], timer: Timer | None) -> None:
        self.names = names
        self.timer = timer
        self.unsuited: dict[str, list[str]] = {}  # model -> tasks
        self.late: dict[str, list[str]] = {}  # model, or all of them -> tasks
        self._longest: dict[str, float] = {}
        self._begun: list[str] = []

    def models(self, task: str, flat: Flat, response: Response) -> Iterator[str]:
        """Yield models of a task; each is fitted before the next one is asked for."""
        for name in self.names:
            if not PlainModel.registry.find(name).suits(flat, response):
                self.unsuited.setdefault(name, []).append(task)
                continue
            if self.timer is None:
                yield name
                continue
            before = self.timer.left
            guess = _UNKNOWN * max(self._longest.values(), default=0.0)
            if before <= self._longest.get(name, guess):
                self.late.setdefault(name, []).append(task)
                continue
            self._begun.append(name)
            yield name
            self._longest[name] = max(self._longest.get(name, 0.0), before - self.timer.left)

    def judge(self, task: str, fitted: PlainTask) -> None:
        """Note the models of a task that were given up, since the time was over."""
        if self.timer is not None and self.timer.left <= 0:
            missing = [name for name in self._begun if name not in fitted.models]
            for name in missing:
                self.late.setdefault(name, []).append(task)
        self._begun.clear()
        own = [name for name, tasks in self.late.items() if task in tasks]
        if own and not fitted.models:
            for name in own:
                self.late[name].remove(task)
            self.late.setdefault(_ALL, []).append(task)

    def tell(self, listener: Listener) -> None:
        """Tell which models were left out, and why."""
        for name, left in self.unsuited.items():
            listener.noted(
                Telling(
                    f"The plain model {name!r} takes no part in {', '.join(left)}: "
                    f"too many rows, columns or labels to be quick."
                )
            )
        for name, tasks in self.late.items():
            if not tasks:
                continue
            which = "plain models" if name == _ALL else f"the plain model {name!r}"
            listener.noted(f"Budget: there was no time for {which} of {', '.join(tasks)}.")


def _tell_few_labels(
    tasks: Sequence[str], config: RunConfig, heads: Mapping[str, Head], listener: Listener
) -> None:
    stating = [task for task, head in heads.items() if head.statement is not None]
    few = [task for task in stating if task not in tasks]
    if few and config.blend != "off":
        listener.noted(
            Telling(
                f"{', '.join(few)}: fewer than {_LEAST_ROWS} labels, too few to weigh plain models; the network answers."
            )
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
    weights = None if fitted.weights is None else fitted.weights[trained.kept]
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
        response = replace(response, weights=weights)
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
    tell_no_signal(tasks, listener)
    return replace(fitted.half, tasks=tasks)


def tested(fitted: FittedHalf, prepared: Prepared, config: RunConfig) -> FittedHalf:
    """Return the plain models with their statements on the test rows, made now unless they are there."""
    if fitted.tested is not None or not fitted.half.tasks or not len(prepared.parts["test"].rows):
        return fitted
    (part,) = with_tokens(prepared, config, ["test"])
    flat = flat_rows(fitted.half, prepared.schema, part.table, part.dataset, part.rows)
    said = {task: plain.statement(flat) for task, plain in fitted.half.tasks.items()}
    return replace(fitted, tested=said)


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
