"""Scores by parts of the rows, each against the rest, and equal opportunity between the values of a column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from torso.core.errors import ConfigError, unknown
from torso.core.listed import check_listed
from torso.core.whole_files import Json
from torso.evaluation.estimate import Estimate
from torso.evaluation.holm import holm
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.folder.folder import RunFolder
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.studies.rows import judged_rows, opened
from torso.studies.slices.contrast import contrast
from torso.studies.slices.opportunity import Opportunity, opportunity_of
from torso.studies.slices.parting import FEW, Parting, by_column, by_gaps, by_labels
from torso.tables.alike import require_pandas
from torso.tasks import words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Part", "PartScore", "Slices", "slices"]

_SURE = 0.05


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
        opportunity: true positive rates between the values of the named columns, of tasks with a positive class.
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
        return asdict(self)

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


def slices(
    run: Predictor | str | Path,
    table: object = None,
    by: Sequence[str] = (),
    *,
    root: Sequence[str | Path] = (),
) -> Slices:
    """Score parts of the rows, each against the rest, and store the result in the run's folder.

    Parts are made by the modalities that rows lack, by how many labels they have, and by each named column. A difference
    counts as evidence if its p-value, adjusted for all parts and tasks (Holm), is below 0.05.

    Args:
        run: a run, or its folder.
        table: with labels; default: the held-out rows. Of the table of the fit only held-out rows are judged.
        by: columns of the table; the run need not read them.
        root: folders or zips that file columns are relative to.

    Raises:
        ConfigError: a column that the table lacks, or a run of an earlier version without a table.
        DataError: a column of lists or files, or the table of the fit cannot be read.
    """
    check_listed("by", by)
    predictor = opened(run)
    judged = judged_rows(predictor, table, root=root, columns=bool(by))
    held_out, notes = judged.held_out, [*judged.notes]
    labels = by_labels(held_out)
    partings = [by_gaps(held_out), *([labels] if labels else [])]
    for name in dict.fromkeys(by):
        assert judged.table is not None
        if name not in judged.table.names:
            raise ConfigError(f"`by`: {unknown('column', name, judged.table.names)}")
        partings.append(by_column(judged.table.column(name)))
    notes += [parting.note for parting in partings if parting.note]
    seed = predictor.config.seed
    parts = _with_verdicts([part for each in partings for part in _scored(each, held_out, seed)])
    result = Slices(
        held_out.split,
        len(held_out.rows),
        tuple(parts),
        tuple(_together([*_opportunity(partings, held_out, seed)])),
        (*notes, *_about(held_out, partings)),
    )
    if predictor.folder is not None:
        RunFolder(predictor.folder).write_study("slices", result.to_dict())
    return result


def _scored(parting: Parting, held_out: HeldOut, seed: int) -> Iterator[Part]:
    """Yield the parts with the headline of each task; p-values stand alone as yet."""
    for number, name in enumerate(parting.names):
        inside = parting.which == number
        tasks = {
            task: _task(own, inside, held_out.groups, seed)
            for task, own in held_out.tasks.items()
            if not own.scores.among_rows  # its score depends on how many rows there are
        }
        yield Part(parting.by, name, int(inside.sum()), tasks)


def _task(own: TaskAnswers, inside: np.ndarray, groups: np.ndarray | None, seed: int) -> PartScore:
    used = np.flatnonzero(own.labelled)
    metric = own.scores.headline
    if not own.whole and metric not in own.metrics:
        metric = next(iter(own.metrics))
    some, labels = inside[used], int(inside[used].sum())
    nothing = Estimate(math.nan)
    word = words_of(own.kind).get(metric, metric.replace("_", " "))
    if not labels:
        return PartScore(word, 0, nothing, math.nan, nothing, math.nan, math.nan, "too few")
    measure = own.of_rows(used).measure()
    sign = -1.0 if metric in own.scores.errors else 1.0
    against = contrast(
        lambda weights: measure(weights).overall[metric],
        some,
        None if groups is None else groups[used],
        sign,
        seed,
    )
    only = labels == len(used)
    verdict = (
        "the only part" if only else "too few" if min(labels, len(used) - labels) < FEW else ""
    )
    p = math.nan if verdict else against.p
    return PartScore(word, labels, against.value, against.rest, against.difference, p, p, verdict)


def _with_verdicts(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with p-values that hold for all of them together."""
    adjusted = iter(holm([own.p for part in parts for own in part.tasks.values()]))
    return [
        replace(
            part,
            tasks={task: _judged(own, next(adjusted)) for task, own in part.tasks.items()},
        )
        for part in parts
    ]


def _judged(own: PartScore, adjusted: float) -> PartScore:
    if own.verdict:
        return own
    if math.isnan(adjusted):
        return replace(own, verdict="undefined")
    sure = adjusted < _SURE
    side = "better" if own.difference.value > 0 else "worse"
    return replace(own, adjusted=adjusted, verdict=side if sure else "no evidence")


def _opportunity(
    partings: Sequence[Parting], held_out: HeldOut, seed: int
) -> Iterator[Opportunity]:
    for parting in partings:
        if parting.column and len(parting.names) > 1:
            for task, own in held_out.tasks.items():
                binary = own.scores.axes == (1, 1) and own.scores.probable
                if own.whole and binary and task != parting.by:
                    yield opportunity_of(parting, task, own, held_out.groups, seed)


def _together(rates: Sequence[Opportunity]) -> list[Opportunity]:
    """Return the rates with p-values that hold for all gaps together."""
    adjusted = holm([each.p for each in rates])
    return [replace(each, p=p) for each, p in zip(rates, adjusted, strict=True)]


def _about(held_out: HeldOut, partings: Sequence[Parting]) -> list[str]:
    """Return notes on tasks that are not judged."""
    notes = []
    ranked = [task for task, own in held_out.tasks.items() if own.scores.among_rows]
    if ranked:
        notes.append(
            f"{', '.join(map(repr, ranked))}: a row is ranked among all others, so parts of the rows have no score of their own."
        )
    others = [task for task, own in held_out.tasks.items() if own.scores.axes == (2, 1)]
    if others and any(parting.column for parting in partings):
        notes.append(
            f"Equal opportunity is judged for targets with a positive class, not for {', '.join(map(repr, others))}."
        )
    return notes


def _number(value: float | None) -> float:
    return math.nan if value is None else value
