"""`torso.explain`: which modality, column, word, region or stretch decided a row's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

import numpy as np

from torso.core.errors import ConfigError, unknown
from torso.evaluation.estimate import Estimate
from torso.runs.predicting.asked import Asked, ask
from torso.runs.predicting.load import load
from torso.runs.predicting.prediction import told
from torso.runs.predicting.predictor import Predictor
from torso.studies.explain.asked_row import AskedRow
from torso.studies.explain.deletion import deletion_tests
from torso.studies.explain.report import Explanation, Share, TaskExplanation
from torso.studies.explain.shares import Shares, shares_of

__all__ = ["explain"]

Roots = str | Path | Sequence[str | Path]
_NORMAL = 1.96


@overload
def explain(
    run: Predictor | str | Path,
    table: object,
    *,
    row: int | None = None,
    tasks: Sequence[str] | str | None = None,
    root: Roots = (),
) -> Explanation: ...


@overload
def explain(
    run: Predictor | str | Path,
    table: object,
    *,
    row: Sequence[int],
    tasks: Sequence[str] | str | None = None,
    root: Roots = (),
) -> list[Explanation]: ...


def explain(
    run: Predictor | str | Path,
    table: object,
    *,
    row: int | Sequence[int] | None = None,
    tasks: Sequence[str] | str | None = None,
    root: Roots = (),
) -> Explanation | list[Explanation]:
    """Explain a run's answers to a row: shares of its modalities, columns, words, regions and stretches.

    A share is in the answer's own unit: of the probability of the predicted class, or of the predicted number. It is a
    Shapley value: the mean change when the part joins others in random order, those of a modality together (Owen 1977).
    The whole answer is explained, plain models included. The order of the parts is put to a deletion test.

    Args:
        run: a run or its folder.
        table: as for `Predictor.predict`, also a row as a mapping; labels are not read.
        row: number of the row, from 1 without the header, as in Torso's messages, or several; None for the only row.
        tasks: to explain; None: all that answer with a class or a number.
        root: folders or zips that file columns are relative to.

    Returns:
        An explanation, or a list of them for a list of rows.

    Raises:
        ConfigError: no such row or task, or only tasks that answer otherwise.
    """
    predictor = run if isinstance(run, Predictor) else load(run)
    wanted = _tasks(predictor, tasks)
    asked = ask(table, predictor.schema, predictor.config.data, root, strict=predictor.strict)
    if isinstance(row, Sequence):
        return [_explained(predictor, asked, number, wanted) for number in _rows(asked, row)]
    (number,) = _rows(asked, [row])
    return _explained(predictor, asked, number, wanted)


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
                f"Found {row!r}."
            )
        numbers.append(int(row))
    return numbers


def _explained(
    predictor: Predictor, asked: Asked, number: int, tasks: Sequence[str]
) -> Explanation:
    """Return the explanation of one row."""
    table = asked.table.take(np.array([number - 1]))
    reading = replace(asked, table=table).reading(predictor.config.data, strict=predictor.strict)
    row = AskedRow(predictor, table, reading)
    notes = [*_refused(row, tasks), *told(table, reading.log)[1], *row.notes]
    explained = [task for task in tasks if task in row.figures]
    missing = [name for name in predictor.schema.modalities if name not in row.blocks]
    return Explanation(
        number,
        table.name,
        "occlusion",
        _by_task(row, explained, predictor.config.seed),
        tuple(missing),
        tuple(notes),
    )


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


def _by_task(row: AskedRow, tasks: Sequence[str], seed: int) -> dict[str, TaskExplanation]:
    """Return task -> explanation of its answer."""
    value, without = row.worth(row.whole), row.worth(frozenset())
    shares = shares_of(row, seed)
    figures = list(row.figures.values())
    falls = [
        1.0 if figure.is_probability or value[at] >= without[at] else -1.0
        for at, figure in enumerate(figures)
    ]
    importance = np.array([share for share, _ in shares.parts]).reshape(-1, len(figures)) * falls
    tests = deletion_tests(row, importance, falls, seed)
    explained = {
        figure.task: TaskExplanation(
            figure.task,
            figure.answer,
            figure.unit,
            figure.is_probability,
            float(value[at]),
            float(without[at]),
            *_shares(row, shares, at),
            tests[at],
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
