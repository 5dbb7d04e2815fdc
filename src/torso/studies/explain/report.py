"""An explanation of a row: of each of its answers, in words, as a frame, as JSON and as pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from torso.runs.report.shown import aligned, html_notes, html_table
from torso.studies.explain.answer import TaskExplanation, listed, signed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explanation"]


@dataclass(frozen=True)
class Explanation:
    """Shares of a row's parts in the answers of a run.

    Attributes:
        row: its number in the table, from 1.
        table: name of the table.
        method: `occlusion` or `gradients`.
        tasks: task -> explanation of its answer.
        missing: modalities that the row lacks, which have no share.
        notes: sentences about the row's cells, and about tasks that have no such explanation.
        media: column -> its picture or recording as the run reads it, an array; not kept in JSON.
    """

    row: int
    table: str
    method: str
    tasks: dict[str, TaskExplanation]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    media: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

    def __getitem__(self, task: str) -> TaskExplanation:
        return self.tasks[task]

    def heading(self) -> str:
        """Return the row, and the modalities that it lacks."""
        lacks = f"; it lacks {', '.join(self.missing)}" if self.missing else ""
        return f"Row {self.row} of {self.table}{lacks}"

    def pictures(self, folder: str | Path) -> list[Path]:
        """Write a PNG of each picture's and recording's shares of each answer, and return their paths."""
        from torso.studies.explain.overlays import save_overlay

        return [
            save_overlay(folder, self.row, explained, column, np.asarray(seen))
            for explained in self.tasks.values()
            for column, seen in self.media.items()
        ]

    def frame(self) -> pd.DataFrame:
        """Return a frame with a row for each task and share; `level` is modality or part."""
        import pandas as pd

        rows = [
            {
                "task": task,
                "unit": explained.unit,
                "level": level,
                "modality": share.modality,
                "column": share.column,
                "piece": share.piece,
                "share": share.share.value,
                "low": share.share.low,
                "high": share.share.high,
            }
            for task, explained in self.tasks.items()
            for level, shares in (("modality", explained.modalities), ("part", explained.parts))
            for share in shares
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, object]:
        """Return the explanation as JSON values, with the verdict of each task."""
        said = {
            task: {**asdict(explained), "passed": explained.passed, "verdict": explained.verdict()}
            for task, explained in self.tasks.items()
        }
        kept = asdict(replace(self, media={}))
        del kept["media"]
        return {**kept, "tasks": said}

    @classmethod
    def from_dict(cls, saved: Mapping[str, object]) -> Explanation:
        """Return the explanation that `to_dict` wrote."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python(_with_undefined(dict(saved)))

    def __repr__(self) -> str:
        """Return the shares and verdicts of all tasks."""
        lines = [self.heading()]
        for explained in self.tasks.values():
            lines += ["", explained.heading()]
            lines += [f"  {line}" for line in aligned(_rows(explained))] if explained.parts else []
            lines.append(f"  {explained.verdict()}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """Return the same as tables of HTML; all names are escaped."""
        from html import escape

        parts = [f"<p>{escape(self.heading())}</p>"]
        for explained in self.tasks.values():
            parts.append(f"<p>{escape(explained.heading())}</p>")
            parts += [html_table(_rows(explained))] if explained.parts else []
            parts.append(f"<p>{escape(explained.verdict())}</p>")
        return f"<div>{''.join(parts)}{html_notes(self.notes)}</div>"


def _with_undefined(saved: object, name: str = "") -> object:
    """Return JSON values with NaN where a number was undefined, and JSON holds null."""
    if saved is None and name in _NUMBERS:
        return math.nan
    if isinstance(saved, Mapping):
        return {key: _with_undefined(value, key) for key, value in saved.items()}
    return [_with_undefined(each, name) for each in saved] if isinstance(saved, list) else saved


_NUMBERS = {"value", "without", "low", "high", "curve", "random", "beaten"}


def _rows(explained: TaskExplanation) -> list[Sequence[str]]:
    """Return a line per modality, and below it its largest parts and their rest."""
    rows: list[Sequence[str]] = [("part", f"share of {explained.unit}")]
    for modality in explained.modalities:
        rows.append((modality.modality, modality.words(explained.decimals)))
        shown, rest = listed(explained.inside(modality.modality))
        rows += [
            (f"  {part.piece or part.column}", part.words(explained.decimals)) for part in shown
        ]
        if rest:
            total = sum(part.share.value for part in rest)
            rows.append((f"  {len(rest)} others", signed(total, explained.decimals)))
    return rows
