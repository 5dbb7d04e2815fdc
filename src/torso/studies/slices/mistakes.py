"""Mistakes of a run: calibration, confusion of classes, the worst rows, and the surest of the wrong answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from torso.columns.inputs import MediaInput
from torso.core.errors import ConfigError, DataError
from torso.core.whole_files import Json
from torso.evaluation.wording import UNDEFINED
from torso.runs.folder.folder import RunFolder
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.studies.rows import JudgedRows, judged_rows, opened, own_table
from torso.studies.slices.calibration import Calibration, calibration_of
from torso.studies.slices.confusion import (
    UNSEEN,
    Confusion,
    chosen_classes,
    class_names,
    confusion_of,
)
from torso.tables.alike import require_pandas
from torso.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Confusion", "Mistakes", "TaskMistakes", "WorstRow", "mistakes"]


@dataclass(frozen=True)
class WorstRow:
    """A row that the run answers badly.

    Attributes:
        row: number of the row in the table, from 1, without the header.
        truth: its label.
        answer: of the run.
        confidence: probability of a class that was answered; NaN for other kinds.
        loss: by which it is ranked: minus the log-likelihood of the label, or an error of the headline's sort.
        files: column -> path of a picture, recording or video, where the table is at hand.
    """

    row: int
    truth: str
    answer: str
    confidence: float
    loss: float
    files: Mapping[str, str]


@dataclass(frozen=True)
class TaskMistakes:
    """Mistakes of one task.

    Attributes:
        kind: of target.
        labels: rows with a label.
        ranked_by: metric that the worst rows are ranked by.
        calibration: None for a kind without probabilities and intervals.
        confusion: None for a kind that does not choose a class.
        worst: rows of the largest loss, the worst first.
        surest: wrong answers of the highest confidence, the surest first; none for other kinds.
    """

    kind: str
    labels: int
    ranked_by: str
    calibration: Calibration | None
    confusion: Confusion | None
    worst: tuple[WorstRow, ...]
    surest: tuple[WorstRow, ...]

    @classmethod
    def from_dict(cls, saved: Json) -> TaskMistakes:
        """Return the mistakes that `asdict` wrote."""
        rows = {
            name: tuple(
                WorstRow(**{**row, "confidence": _number(row["confidence"])}) for row in saved[name]
            )
            for name in ("worst", "surest")
        }
        confusion = saved["confusion"] and Confusion(
            tuple(saved["confusion"]["names"]), tuple(map(tuple, saved["confusion"]["counts"]))
        )
        calibration = saved["calibration"] and Calibration.from_dict(saved["calibration"])
        return cls(**{**saved, **rows, "confusion": confusion, "calibration": calibration})


@dataclass(frozen=True, repr=False)
class Mistakes:
    """Mistakes of a run.

    Attributes:
        split: part of the rows: `test`, `validation`, or `table` for all rows of another table.
        rows: judged.
        tasks: task -> its mistakes.
        notes: sentences on the rows.
    """

    split: str
    rows: int
    tasks: Mapping[str, TaskMistakes]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return a table of calibration, and of the worst rows."""
        lines = [*aligned(self.calibrations()), "", *aligned(self.worst_rows())]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """Return the same as tables of HTML; all names are escaped."""
        tables = html_table(self.calibrations()) + html_table(self.worst_rows())
        return f"<div>{tables}{html_notes(self.notes)}</div>"

    def calibrations(self) -> list[tuple[str, ...]]:
        """Return the cells of the table of calibration, the first row its header."""
        header = ("task", "of", "labels", "error", "by chance", "said - held", "verdict")
        calibrations = {task: own.calibration for task, own in self.tasks.items()}
        return [
            header,
            *(
                (
                    task,
                    own.of,
                    f"{own.labels:,}",
                    *_figures(own),
                    own.verdict,
                )
                for task, own in calibrations.items()
                if own is not None
            ),
        ]

    def worst_rows(self) -> list[tuple[str, ...]]:
        """Return the cells of the table of the worst rows, the first row its header."""
        header = ("task", "row", "truth", "answer", "sure", "loss", "files")
        return [
            header,
            *(
                (
                    task,
                    f"{row.row}",
                    row.truth,
                    row.answer,
                    "" if math.isnan(row.confidence) else f"{row.confidence:.2f}",
                    f"{row.loss:.3g}",
                    ", ".join(row.files.values()),
                )
                for task, own in self.tasks.items()
                for row in own.worst
            ),
        ]

    def words(self) -> list[str]:
        """Return a sentence on the calibration of each task that has one."""
        return [
            f"{task}: {own.calibration.verdict} ({own.calibration.of}, error {own.calibration.error:.3f}, by chance "
            f"{own.calibration.by_chance:.3f})."
            for task, own in self.tasks.items()
            if own.calibration is not None
        ]

    def frame(self) -> pd.DataFrame:
        """Return a frame with one row per task and bad row.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of the worst rows (`tasks` has them as values)")
        import pandas as pd

        return pd.DataFrame(
            [
                {"task": task, "list": name, **asdict(row)}
                for task, own in self.tasks.items()
                for name, rows in (("worst", own.worst), ("surest", own.surest))
                for row in rows
            ]
        )

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold, with null for undefined numbers once written."""
        return {**asdict(self), "words": self.words()}

    @classmethod
    def from_dict(cls, saved: Json) -> Mistakes:
        """Return the mistakes that `to_dict` wrote."""
        tasks = {task: TaskMistakes.from_dict(own) for task, own in saved["tasks"].items()}
        return cls(saved["split"], saved["rows"], tasks, tuple(saved["notes"]))


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
    if predictor.folder is not None:
        RunFolder(predictor.folder).write_study("mistakes", result.to_dict())
    return result


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


def _figures(own: Calibration) -> tuple[str, str, str]:
    """Return error, error by chance and gap as cells; dashes without any label."""
    if not own.labels:
        return UNDEFINED, UNDEFINED, UNDEFINED
    return (
        f"{own.error:.3f}",
        f"{own.by_chance:.3f}, up to {own.limit:.3f}",
        f"{own.gap.value:+.3f} [{own.gap.low:+.3f}, {own.gap.high:+.3f}]",
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
