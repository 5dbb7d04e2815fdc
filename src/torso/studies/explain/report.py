"""An explanation of a row's answers: shares of modalities, columns and pieces, and the test of their order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from torso.evaluation.estimate import Estimate
from torso.evaluation.wording import number_text
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.studies.explain.deletion import Deletion

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explanation", "Share", "TaskExplanation", "listed", "signed"]

_SHOWN = 5
"""Pieces of a modality that are listed in words."""
_COMPLETE = 0.05  # share of the difference that gradients may miss
_EXACT = 1e-12  # width of an interval that is none


@dataclass(frozen=True)
class Share:
    """One part's share of an answer.

    Attributes:
        modality: that it belongs to.
        column: of the table; empty for the whole modality.
        piece: of the cell, such as a word; empty for all of it.
        share: in the answer's unit, with a 95 % interval where orders were sampled; above 0 it raised the figure.
        span: where the piece lies: characters, frames or samples, or top, left, bottom and right in pixels.
    """

    modality: str
    column: str
    piece: str
    share: Estimate
    span: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The name that a reader knows it by."""
        if not self.column:
            return self.modality
        return f"{self.column}: {self.piece}" if self.piece else self.column

    @property
    def error(self) -> float:
        """Half the width of the interval; 0 for an exact share, NaN where it is unknown."""
        return (self.share.high - self.share.low) / 2

    @property
    def surely(self) -> bool:
        """True if the interval does not hold 0."""
        return self.share.low > 0 or self.share.high < 0

    def words(self, decimals: int) -> str:
        """Return the signed share, with half the width of its interval where it is not exact."""
        text = signed(self.share.value, decimals)
        return text if self.error < _EXACT else f"{text} ± {self.error:.{decimals}f}"


@dataclass(frozen=True)
class TaskExplanation:
    """An explanation of one answer.

    Attributes:
        task: its name.
        answer: in words.
        unit: of the figure that is shared out: `probability of nine`, or the target's own unit.
        is_probability: of the figure.
        value: the figure.
        without: the figure without any input; with all shares it sums to `value`.
        modalities: shares of the modalities that the row holds, the largest first.
        parts: shares of columns and pieces, the largest first; those of a modality sum to its share.
        deletion: test of the order of the parts; None where there is but one part.
        gap: of gradients, the sum of all shares less the difference that they share out; None for other methods.
    """

    task: str
    answer: str
    unit: str
    is_probability: bool
    value: float
    without: float
    modalities: tuple[Share, ...]
    parts: tuple[Share, ...]
    deletion: Deletion | None
    gap: float | None = None

    def heading(self) -> str:
        """Return the answer, and the difference to none of the inputs, or inputs of zero, that is shared out."""
        name = f"{self.task}: {self.answer}"
        value, without = number_text(self.value), number_text(self.without)
        if self.gap is not None:
            return f"{name}; {self.unit} {value} of the network alone, {without} at inputs of zero"
        value = f", probability {value}" if self.is_probability else ""
        return f"{name}{value}; without any input {without}"

    @property
    def passed(self) -> bool | None:
        """True if the order of the parts passed the deletion test; None where there is no order."""
        return None if self.deletion is None else self.deletion.passed

    def verdict(self) -> str:
        """Return the outcome of the deletion test in words."""
        if not self.parts:
            return "The row holds none of the run's inputs: nothing but the training rows decided."
        if self.deletion is None:
            return "One part only: there is no order to test."
        return " ".join(filter(None, [self.deletion.words(), self._completeness()]))

    def _completeness(self) -> str:
        """Return the gap of gradients in words; nothing for other methods."""
        whole = abs(self.value - self.without)
        if self.gap is None or not whole:
            return ""
        share = abs(self.gap) / whole
        kept = "Completeness holds" if share <= _COMPLETE else "Completeness fails"
        return f"{kept}: the shares miss the difference of {number_text(whole)} by {share:.1%}."

    @property
    def decimals(self) -> int:
        """Decimals of the shares: three digits of the largest, three of a probability."""
        largest = max(
            (abs(share.share.value) for share in (*self.modalities, *self.parts)), default=0
        )
        if self.is_probability or not 0 < largest < math.inf:
            return 3
        return max(0, 2 - math.floor(math.log10(largest)))

    def inside(self, modality: str) -> tuple[Share, ...]:
        """Return the shares of a modality's parts, the largest first; none where it has but one."""
        own = tuple(part for part in self.parts if part.modality == modality)
        return own if len(own) > 1 else ()


@dataclass(frozen=True)
class Explanation:
    """Which parts of a row decided the answers of a run.

    Attributes:
        row: its number in the table, from 1.
        table: name of the table.
        method: `occlusion` or `gradients`.
        tasks: task -> explanation of its answer.
        missing: modalities that the row lacks, which have no share.
        notes: sentences about the row's cells, and about tasks that have no such explanation.
    """

    row: int
    table: str
    method: str
    tasks: dict[str, TaskExplanation]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, task: str) -> TaskExplanation:
        return self.tasks[task]

    def heading(self) -> str:
        """Return the row, and the modalities that it lacks."""
        lacks = f"; it lacks {', '.join(self.missing)}" if self.missing else ""
        return f"Row {self.row} of {self.table}{lacks}"

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
        return {**asdict(self), "tasks": said}

    @classmethod
    def from_dict(cls, saved: Mapping[str, object]) -> Explanation:
        """Return the explanation that `to_dict` wrote."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python(dict(saved))

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


def listed(parts: Sequence[Share]) -> tuple[Sequence[Share], Sequence[Share]]:
    """Return the parts to show, and the others that one line sums up."""
    shown = len(parts) if len(parts) <= _SHOWN + 1 else _SHOWN
    return parts[:shown], parts[shown:]


def signed(value: float, decimals: int) -> str:
    """Return a number with its sign.

    >>> signed(-0.12345, 3), signed(12, 0)
    ('−0.123', '+12')
    """
    return f"{'−' if value < 0 else '+'}{abs(value):,.{decimals}f}"
