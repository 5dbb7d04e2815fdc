"""Scores of parts of the rows as frozen values, as words, cells and a frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from torso.core.whole_files import Json
from torso.evaluation.estimate import Estimate
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.studies.slices.opportunity import Opportunity
from torso.tables.alike import require_pandas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Part", "PartScore", "Slices"]


@dataclass(frozen=True)
class PartScore:
    """One task on a part of the rows.

    Attributes:
        metric: the headline.
        labels: of the part.
        value: score of the part.
        rest: score of the other rows.
        difference: by how much the part is better than the rest; it is negative where the part is worse.
        p: chance of such a difference if the part was drawn at random.
        adjusted: the same for all parts and tasks together (Holm).
        verdict: `better`, `worse`, `no evidence`, `too few`, `undefined` or `the only part`.
    """

    metric: str
    labels: int
    value: Estimate
    rest: float
    difference: Estimate
    p: float
    adjusted: float
    verdict: str

    @classmethod
    def from_dict(cls, saved: Json) -> PartScore:
        """Return the score that `asdict` wrote."""
        numbers = {name: _number(saved[name]) for name in ("rest", "p", "adjusted")}
        ends = {name: Estimate.from_dict(saved[name]) for name in ("value", "difference")}
        return cls(**{**saved, **numbers, **ends})


@dataclass(frozen=True)
class Part:
    """A part of the rows.

    Attributes:
        by: column that says it, `gaps` (modalities that rows lack) or `labels` (how many they have).
        name: value, or quantiles.
        rows: their number.
        tasks: task -> its score.
    """

    by: str
    name: str
    rows: int
    tasks: Mapping[str, PartScore]


@dataclass(frozen=True, repr=False)
class Slices:
    """Scores of a run by parts of its rows.

    Attributes:
        split: part of the rows: `test`, `validation`, or `table` for all rows of another table.
        rows: judged.
        parts: of the rows.
        opportunity: true positive rates of classes and labels between the values of the named columns.
        notes: sentences on the rows and columns.
    """

    split: str
    rows: int
    parts: tuple[Part, ...]
    opportunity: tuple[Opportunity, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return a line per part and task."""
        tables = [
            aligned(self.table_rows()),
            *([aligned(self.rates())] if self.opportunity else []),
        ]
        lines = [line for table in tables for line in ["", *table]][1:]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """Return the same as tables of HTML; all names are escaped."""
        rates = html_table(self.rates()) if self.opportunity else ""
        return f"<div>{html_table(self.table_rows())}{rates}{html_notes(self.notes)}</div>"

    def table_rows(self) -> list[tuple[str, ...]]:
        """Return the cells of the table of scores, the first row its header."""
        header = ("by", "part", "task", "labels", "metric", "value", "rest", "better by", "verdict")
        cells = [
            (
                part.by,
                f"{part.name}, {part.rows:,} row{'' if part.rows == 1 else 's'}",
                task,
                f"{own.labels:,}",
                own.metric,
                estimate_text(own.value),
                number_text(own.rest),
                estimate_text(own.difference),
                own.verdict,
            )
            for part in self.parts
            for task, own in part.tasks.items()
        ]
        return [header, *cells]

    def rates(self) -> list[tuple[str, ...]]:
        """Return the cells of the table of true positive rates, the first row its header."""
        header = ("by", "task, positive", "part", "found", "verdict")
        return [header, *(cells for each in self.opportunity for cells in each.cells())]

    def words(self) -> list[str]:
        """Return a sentence per part and task that is surely better or worse, and per unequal column."""
        sure = [
            f"{task}: {part.by} {part.name!r} is answered {own.verdict}, {own.metric} {number_text(own.value.value)} beside "
            f"{number_text(own.rest)}."
            for part in self.parts
            for task, own in part.tasks.items()
            if own.verdict in ("better", "worse")
        ]
        sure += [
            f"{each.task}: of rows that are {each.positive or 'positive'!r}, {number_text(each.gap.value)} more are found for {each.by} "
            f"{each.high!r} than for {each.low!r}."
            for each in self.opportunity
            if each.verdict == "unequal"
        ]
        return sure or [
            f"No evidence among {len(self.parts)} parts that any is answered otherwise."
        ]

    def frame(self) -> pd.DataFrame:
        """Return a frame with one row per part and task.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of slices (`parts` has them as values)")
        import pandas as pd

        rows = [
            {
                "by": part.by,
                "part": part.name,
                "rows": part.rows,
                "task": task,
                "labels": own.labels,
                "metric": own.metric,
                "value": own.value.value,
                "low": own.value.low,
                "high": own.value.high,
                "rest": own.rest,
                "better_by": own.difference.value,
                "better_by_low": own.difference.low,
                "better_by_high": own.difference.high,
                "p": own.p,
                "p_holm": own.adjusted,
                "verdict": own.verdict,
            }
            for part in self.parts
            for task, own in part.tasks.items()
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold, with null for undefined numbers once written."""
        return {**asdict(self), "words": self.words()}

    @classmethod
    def from_dict(cls, saved: Json) -> Slices:
        """Return the slices that `to_dict` wrote."""
        parts = [
            Part(
                **{
                    **part,
                    "tasks": {t: PartScore.from_dict(own) for t, own in part["tasks"].items()},
                }
            )
            for part in saved["parts"]
        ]
        rates = [Opportunity.from_dict(each) for each in saved["opportunity"]]
        return cls(saved["split"], saved["rows"], tuple(parts), tuple(rates), tuple(saved["notes"]))


def _number(value: float | None) -> float:
    return math.nan if value is None else value
