"""Scores by parts of the rows, each against the rest, and equal opportunity between the values of a column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from torso.core.errors import ConfigError, unknown
from torso.core.listed import check_listed
from torso.evaluation.estimate import Estimate
from torso.evaluation.holm import holm
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.rows import judged_rows, opened
from torso.studies.slices.contrast import contrast
from torso.studies.slices.opportunity import Opportunity, has_classes, opportunities_of
from torso.studies.slices.parting import FEW, Parting, by_column, by_gaps, by_labels
from torso.studies.slices.result import Part, PartScore, Slices
from torso.studies.stored import stored
from torso.tasks import words_of

__all__ = ["slices"]

_SURE = 0.05


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
    rates, rare = _opportunities(partings, held_out, seed)
    result = Slices(
        held_out.split,
        len(held_out.rows),
        tuple(parts),
        tuple(rates),
        (*notes, *rare, *_about(held_out)),
    )
    return stored("slices", result, predictor.folder)


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


def _opportunities(
    partings: Sequence[Parting], held_out: HeldOut, seed: int
) -> tuple[list[Opportunity], list[str]]:
    """Return the true positive rates by the columns, and notes on classes that are too rare for any."""
    rates: list[Opportunity] = []
    notes: list[str] = []
    for parting in partings:
        if not parting.column or len(parting.names) < 2:
            continue
        for task, own in held_out.tasks.items():
            if task == parting.by or not has_classes(own):
                continue
            judged, rare = opportunities_of(parting, task, own, held_out.groups, seed)
            rates += judged
            if rare:
                notes.append(
                    f"Equal opportunity of {task!r} by {parting.by!r}: {rare:,} class{'' if rare == 1 else 'es'} with {FEW} rows in fewer "
                    "than two parts, too few to compare."
                )
    adjusted = holm([each.p for each in rates])
    return [replace(each, p=p) for each, p in zip(rates, adjusted, strict=True)], notes


def _about(held_out: HeldOut) -> list[str]:
    """Return notes on tasks that are not judged."""
    notes = []
    ranked = [task for task, own in held_out.tasks.items() if own.scores.among_rows]
    if ranked:
        notes.append(
            f"{', '.join(map(repr, ranked))}: a row is ranked among all others, so parts of the rows have no score of their own."
        )
    return notes
