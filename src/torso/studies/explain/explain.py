"""`torso.explain`: which modality, column, word, region or stretch decided a row's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np

from torso.core.errors import ConfigError, unknown
from torso.evaluation.estimate import Estimate
from torso.evaluation.weighted import Floats
from torso.runs.predicting.asked import Asked, ask, reading_of
from torso.runs.predicting.prediction import told
from torso.runs.predicting.predictor import Predictor
from torso.studies.explain.answer import Share, TaskExplanation
from torso.studies.explain.asked_row import AskedRow
from torso.studies.explain.deletion import deletion_tests
from torso.studies.explain.gradients import gradients
from torso.studies.explain.kept import keep
from torso.studies.explain.report import Explanation
from torso.studies.explain.shares import Shares, shares_of
from torso.studies.rows import opened

__all__ = ["explain"]

Roots = str | Path | Sequence[str | Path]
METHODS = ("occlusion", "gradients")

_NORMAL = 1.96


@overload
def explain(
    run: Predictor | str | Path,
    table: object,
    *,
    row: int | None = None,
    tasks: Sequence[str] | str | None = None,
    method: str = "occlusion",
    root: Roots = (),
) -> Explanation: ...


@overload
def explain(
    run: Predictor | str | Path,
    table: object,
    *,
    row: Sequence[int],
    tasks: Sequence[str] | str | None = None,
    method: str = "occlusion",
    root: Roots = (),
) -> list[Explanation]: ...


def explain(
    run: Predictor | str | Path,
    table: object,
    *,
    row: int | Sequence[int] | None = None,
    tasks: Sequence[str] | str | None = None,
    method: str = "occlusion",
    root: Roots = (),
) -> Explanation | list[Explanation]:
    """Explain a run's answers to a row: shares of its modalities, columns, words, regions and stretches.

    A share is in the answer's own unit: of the probability of the predicted class, or of the predicted number. It is a
    Shapley value: the mean change when the part joins others in random order, those of a modality together (Owen 1977).
    The whole answer is explained, plain models included. The order of the parts is put to a deletion test. A run in a
    folder keeps its last twelve explanations as `studies/explain.json`, for `torso report`.

    Args:
        run: a run or its folder.
        table: as for `Predictor.predict`, also a row as a mapping; labels are not read.
        row: number of the row, from 1 without the header, as in Torso's messages, or several; None for the only row.
        tasks: to explain; None: all that answer with a class or a number.
        method: `occlusion`, or `gradients`: integrated gradients of the network alone, without the plain models.
        root: folders or zips that file columns are relative to.

    Returns:
        An explanation, or a list of them for a list of rows.

    Raises:
        ConfigError: no such row, task or method, or only tasks that answer otherwise.
    """
    if method not in METHODS:
        raise ConfigError(f"`method`: {unknown('method', method, METHODS)}")
    predictor = opened(run)
    wanted = _tasks(predictor, tasks)
    asked = ask(table, predictor.schema, predictor.config.data, root, strict=predictor.strict)
    predictor.schema.require_inputs(asked.table)
    several = isinstance(row, Sequence)
    numbers = _rows(asked, row if isinstance(row, Sequence) else [row])
    explained = [_explained(predictor, asked, number, wanted, method) for number in numbers]
    if predictor.folder is not None and (note := keep(predictor.folder, explained)) is not None:
        explained = [replace(each, notes=(*each.notes, note)) for each in explained]
    return explained if several else explained[0]


def _tasks(predictor: Predictor, tasks: Sequence[str] | str | None) -> list[str]:
    """Return the tasks to explain; refuse unknown ones."""
    known = list(predictor.schema.targets)
    wanted = known if tasks is None else [tasks] if isinstance(tasks, str) else list(tasks)
    for task in wanted:
        if task not in known:
            raise ConfigError(f"`tasks`: {unknown('task', task, known)}")
    return wanted


def _rows(asked: Asked, rows: Sequence[int | None]) -> list[int]:
    """Return numbers of rows, from 1; refuse those that the table lacks."""
    count = asked.table.rows
    if not rows:
        raise ConfigError("`row` should name at least one row. Found none.")
    numbers = []
    for row in rows:
        if row is None and count == 1:
            row = 1
        whole = isinstance(row, int | np.integer) and not isinstance(row, bool)
        if not whole or row is None or not 1 <= row <= count:
            raise ConfigError(
                f"`row` should be from 1 to {count:,}: rows of {asked.table.name} count from 1, without the header. "
                f"{'Name one: --row 1, or row=1.' if row is None else f'Found {row!r}.'}"
            )
        numbers.append(int(row))
    return numbers


def _explained(
    predictor: Predictor, asked: Asked, number: int, tasks: Sequence[str], method: str
) -> Explanation:
    """Return the explanation of one row."""
    table = asked.table.take(np.array([number - 1]))
    reading = reading_of(
        replace(asked, table=table), predictor.config.data, strict=predictor.strict
    )
    row = AskedRow(predictor, table, reading)
    notes = [*_refused(row, tasks), *told(table, reading.log)[1], *row.notes]
    explained = [task for task in tasks if task in row.figures]
    missing = [name for name in predictor.schema.modalities if name not in row.blocks]
    attribution = _gradients(row) if method == "gradients" else _occlusion(row)
    by_task = _by_task(row, attribution, explained)
    notes += attribution.notes
    return Explanation(number, table.name, method, by_task, tuple(missing), tuple(notes), row.media)


@dataclass(frozen=True)
class _Attribution:
    """Shares by any method, and the figures that they share out, `[tasks]`."""

    shares: Shares
    value: Floats
    without: Floats
    gap: Floats | None = None
    notes: tuple[str, ...] = ()


def _occlusion(row: AskedRow) -> _Attribution:
    shares = shares_of(row, row.predictor.config.seed)
    return _Attribution(shares, row.worth(row.whole), row.worth(frozenset()))


def _gradients(row: AskedRow) -> _Attribution:
    said = gradients(row)
    notes = [
        "Gradients are those of the network alone, and the deletion test asks the whole run, with its plain models."
    ] * (row.predictor.plain is not None)
    notes += [
        f"Gradients do not tell the parts of {name} apart, or do not reach it. The method occlusion, which is the default, does."
        for name in said.blind
    ]
    return _Attribution(said.shares, said.value, said.without, said.gap, tuple(notes))


def _refused(row: AskedRow, tasks: Sequence[str]) -> list[str]:
    """Return a sentence about tasks that are not explained; an error if none is left."""
    kinds = {task: row.schema.targets[task].kind for task in tasks if task not in row.figures}
    if not kinds:
        return []
    named = ", ".join(f"{task!r} ({kind})" for task, kind in kinds.items())
    sentence = (
        f"Not explained: {named}. An explanation shares out one number, the probability of a class or a predicted number, "
        "and such answers are none. Scores with and without each modality: torso evaluate RUN TABLE --robustness"
    )
    if len(kinds) == len(tasks):
        raise ConfigError(sentence)
    return [sentence]


def _by_task(
    row: AskedRow, attribution: _Attribution, tasks: Sequence[str]
) -> dict[str, TaskExplanation]:
    """Return task -> explanation of its answer."""
    figures = list(row.figures.values())
    rises = row.worth(row.whole) >= row.worth(frozenset())
    falls = [1.0 if each.is_probability or rises[at] else -1.0 for at, each in enumerate(figures)]
    parts = [share for share, _ in attribution.shares.parts]
    importance = np.array(parts).reshape(-1, len(figures)) * falls
    tests = deletion_tests(row, importance, falls, row.predictor.config.seed)
    explained = {
        figure.task: TaskExplanation(
            figure.task,
            figure.answer,
            figure.unit if attribution.gap is None else figure.unit_of_network,
            figure.is_probability,
            float(attribution.value[at]),
            float(attribution.without[at]),
            *_shares(row, attribution.shares, at),
            tests[at],
            None if attribution.gap is None else float(attribution.gap[at]),
        )
        for at, figure in enumerate(figures)
    }
    return {task: explained[task] for task in tasks}


def _shares(
    row: AskedRow, shares: Shares, task: int
) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """Return a task's shares of modalities and of parts, the largest first."""
    modalities = [
        Share(name, "", "", _estimate(share[task], error[task]))
        for name, (share, error) in shares.modalities.items()
    ]
    parts = [
        Share(
            part.modality,
            part.column,
            part.piece.label,
            _estimate(share[task], error[task]),
            part.piece.span,
        )
        for part, (share, error) in zip(row.parts, shares.parts, strict=True)
    ]
    return _by_size(modalities), _by_size(parts)


def _by_size(shares: Sequence[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda share: -abs(share.share.value)))


def _estimate(share: float, error: float) -> Estimate:
    return Estimate(float(share), float(share - _NORMAL * error), float(share + _NORMAL * error))
