"""The study of mistakes: each task's calibration, confusion and worst rows, from the answers to held-out rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from torso.columns.inputs import MediaInput
from torso.core.errors import ConfigError, DataError
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.rows import JudgedRows, judged_rows, opened, own_table
from torso.studies.slices.calibration import calibration_of
from torso.studies.slices.confusion import (
    UNSEEN,
    chosen_classes,
    class_names,
    confusion_of,
)
from torso.studies.slices.mistakes import Mistakes, TaskMistakes, WorstRow
from torso.studies.stored import stored
from torso.tables.table import Table

__all__ = ["mistakes"]


def mistakes(
    run: Predictor | str | Path,
    table: object = None,
    *,
    worst: int = 10,
    root: Sequence[str | Path] = (),
) -> Mistakes:
    """Return calibration, confusion and the worst rows of each task, and store them in the run's folder.

    Args:
        run: a run, or its folder.
        table: with labels; default: the held-out rows. Of the table of the fit only held-out rows are judged.
        worst: rows that are listed of each task.
        root: folders or zips that file columns are relative to.

    Raises:
        ConfigError: `worst` is below 0, or a run of an earlier version without a table.
    """
    if worst < 0:
        raise ConfigError(f"`worst` should be 0 or more. Found {worst}.")
    predictor = opened(run)
    judged, notes = _with_files(predictor, judged_rows(predictor, table, root=root))
    held_out, seed = judged.held_out, predictor.config.seed
    files = _files(predictor, judged.table)
    tasks = {task: _task(own, held_out, files, worst, seed) for task, own in held_out.tasks.items()}
    result = Mistakes(held_out.split, len(held_out.rows), tasks, (*judged.notes, *notes))
    return stored("mistakes", result, predictor.folder)


def _with_files(run: Predictor, judged: JudgedRows) -> tuple[JudgedRows, tuple[str, ...]]:
    """Return the rows with their table, if the run reads files and the table is at hand; else a note."""
    media = any(isinstance(kind, MediaInput) for kind in run.schema.inputs.values())
    if judged.table is not None or not media:
        return judged, ()
    try:
        table = own_table(run, judged.held_out)
    except DataError as error:
        return judged, (f"The worst rows are named without their files. {error}",)
    return JudgedRows(judged.held_out, table, judged.notes), ()


def _files(run: Predictor, table: Table | None) -> dict[str, list[str]]:
    """Return column -> path in each row, of columns of files whose cells are paths."""
    if table is None:
        return {}
    return {
        name: [
            cell if isinstance(cell, str) else "" for cell in table.column(name).values.to_pylist()
        ]
        for name, kind in run.schema.inputs.items()
        if isinstance(kind, MediaInput) and name in table.names and name not in table.unreadable
    }


def _task(
    own: TaskAnswers, held_out: HeldOut, files: Mapping[str, Sequence[str]], most: int, seed: int
) -> TaskMistakes:
    ranked_by, loss = _losses(own)
    chosen = chosen_classes(own)
    confidence = np.full(len(held_out.rows), math.nan)
    if chosen is not None:
        both = (
            own.answer if own.answer.ndim == 2 else np.stack([1 - own.answer, own.answer], axis=1)
        )
        confidence = both[np.arange(len(both)), chosen]

    def listed(order: NDArray[np.intp]) -> tuple[WorstRow, ...]:
        return tuple(
            WorstRow(
                int(held_out.rows[row]) + 1,
                *_texts(own, chosen, int(row)),
                float(confidence[row]),
                float(loss[row]),
                {name: paths[row] for name, paths in files.items() if paths[row]},
            )
            for row in order[:most]
        )

    ranked = np.flatnonzero(~np.isnan(loss))
    wrong = (
        np.zeros(0, np.intp)
        if chosen is None
        else np.flatnonzero(own.labelled & (chosen != own.truth))
    )
    return TaskMistakes(
        own.kind,
        int(own.labelled.sum()),
        ranked_by,
        calibration_of(own, held_out.groups, seed),
        None if chosen is None else confusion_of(own, chosen),
        listed(ranked[np.argsort(-loss[ranked], kind="stable")]),
        listed(wrong[np.argsort(-confidence[wrong], kind="stable")]),
    )


def _losses(own: TaskAnswers) -> tuple[str, NDArray[np.float64]]:
    """Return the metric that ranks rows, and its loss by row, NaN where there is none."""
    alone = own.by_row()
    for metric in ("log_loss", *own.scores.errors):
        if metric in alone and not np.isnan(alone[metric]).all():
            return metric, np.asarray(alone[metric], np.float64)
    headline = own.scores.headline
    if headline in alone:
        return headline, -np.asarray(alone[headline], np.float64)
    return "", np.full(len(own.labelled), math.nan)


def _texts(own: TaskAnswers, chosen: NDArray[np.intp] | None, row: int) -> tuple[str, str]:
    """Return label and answer of a row in words; empty where they are too large."""
    if chosen is not None:
        names = class_names(own)
        truth = int(own.truth[row])
        return names[truth] if truth < len(names) else UNSEEN, names[int(chosen[row])]
    if own.whole and own.truth.ndim == 1 and own.answer.ndim == 1:
        return f"{own.truth[row]:.6g}", f"{own.answer[row]:.6g}"
    return "", ""
