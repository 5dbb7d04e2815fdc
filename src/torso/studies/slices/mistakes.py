"""Mistakes of a run: calibration, confusion of classes, the worst rows, and the surest of the wrong answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from torso.core.whole_files import Json
from torso.evaluation.wording import UNDEFINED
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.studies.slices.calibration import Calibration
from torso.studies.slices.confusion import (
    Confusion,
)
from torso.tables.alike import require_pandas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Confusion", "Mistakes", "TaskMistakes", "WorstRow"]


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
