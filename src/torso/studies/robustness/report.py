"""Scores of a run under noise in each modality and in all, and with every subset of modalities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from torso.columns.reading import ReadLog
from torso.core.errors import ConfigError
from torso.runs.predicting.prediction import skipped_notes
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.studies.robustness.conditions import Condition, under
from torso.studies.robustness.shown import kept_text
from torso.studies.rows import opened
from torso.studies.stored import stored

__all__ = ["JOINT", "LEVELS", "Robustness", "robustness", "subsets_of"]

JOINT = "all modalities"
"""The name of the curve with the same noise in every modality."""

LEVELS = tuple(fifth / 5 for fifth in range(6))

_MOST = 6
"""Modalities up to which every subset is tried: 63 of them."""


@dataclass(frozen=True)
class Robustness:
    """Metrics under noise and gaps.

    Attributes:
        levels: of the noise, from 0 to 1.
        metrics: task -> name of its headline metric.
        curves: modality, or `JOINT` -> task -> the metric at every level.
        subsets: modalities that are kept -> task -> the metric.
        notes: parts of the run that the study does not look at, and cells that counted as missing, in sentences.
    """

    levels: tuple[float, ...]
    metrics: dict[str, str]
    curves: dict[str, dict[str, list[float]]]
    subsets: dict[tuple[str, ...], dict[str, float]]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return a line per modality and per subset of them; `to_dict()` has the curves."""
        noise, kept = map(aligned, self._tables())
        return "\n".join([*noise, "", *kept, *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """Return the same as two tables of HTML; all names are escaped."""
        shown = "".join(map(html_table, self._tables()))
        return f"<div>{shown}{html_notes(self.notes)}</div>"

    def _tables(self) -> tuple[list[list[str]], list[list[str]]]:
        """Return mean scores under noise by modality, and scores by the modalities that are kept, each below a header."""
        names = [f"{task}, {metric.replace('_', ' ')}" for task, metric in self.metrics.items()]
        noise, kept = [["mean over noise in", *names]], [["kept", *names]]
        for modality in self.curves:
            means = (f"{self.relative(modality, task):.3f}" for task in self.metrics)
            noise.append([modality, *means])
        modalities = max(self.subsets, key=len, default=())
        for some, metrics in self.subsets.items():
            scores = (f"{metrics[task]:.3f}" for task in self.metrics)
            kept.append([kept_text(some, modalities), *scores])
        return noise, kept

    def relative(self, modality: str, task: str) -> float:
        """Return the mean metric over the levels, the area under the curve."""
        return float(np.trapezoid(self.curves[modality][task], self.levels))

    def effective(self, modality: str, task: str, baseline: Robustness) -> float:
        """Return the effective robustness: the area between the curve and a baseline's, say that of late fusion.

        The baseline's curve is moved to the same beginning: `f - (b + f_0 - b_0)`.

        Raises:
            ConfigError: the baseline has no such curve, or other levels.
        """
        theirs = baseline.curves.get(modality, {}).get(task)
        if theirs is None or baseline.levels != self.levels:
            raise ConfigError(
                f"The baseline has no curve of {task!r} under noise in {modality!r} at the same levels."
            )
        ours = np.asarray(self.curves[modality][task])
        moved = np.asarray(theirs) + ours[0] - theirs[0]
        return float(np.trapezoid(ours - moved, self.levels))

    def to_dict(self, against: Robustness | None = None) -> dict[str, Any]:
        """Return the report as JSON values; with a baseline, also `effective` by shared modality and task."""
        effective = {
            modality: {
                task: _known(self.effective(modality, task, against))
                for task in tasks.keys() & against.curves.get(modality, {}).keys()
            }
            for modality, tasks in (self.curves.items() if against else ())
            if against is not None
        }
        more: dict[str, object] = {"effective": effective} if against else {}
        return more | {
            "levels": list(self.levels),
            "metrics": self.metrics,
            "curves": {
                modality: {
                    task: [_known(value) for value in curve] for task, curve in tasks.items()
                }
                for modality, tasks in self.curves.items()
            },
            "relative": {
                modality: {task: _known(self.relative(modality, task)) for task in tasks}
                for modality, tasks in self.curves.items()
            },
            "subsets": [
                {
                    "kept": list(kept),
                    "metrics": {task: _known(value) for task, value in tasks.items()},
                }
                for kept, tasks in self.subsets.items()
            ],
        }


def robustness(
    run: Predictor | str | Path,
    table: object,
    *,
    root: str | Path | Sequence[str | Path] = (),
    levels: Sequence[float] = LEVELS,
    batch_size: int = 256,
    seed: int = 0,
) -> Robustness:
    """Evaluate a run on a table under noise and with modalities hidden, as MultiBench does.

    From Liang et al., MultiBench, NeurIPS Datasets and Benchmarks 2021 (https://arxiv.org/abs/2107.07502): noise
    from 0 to 1 in each modality and in all at once. Differs: one kind of noise for all modalities, where theirs has
    one for each (typing errors, white noise, ...), so a level means the same everywhere. At level p, every number of
    a row comes from another row with probability p. At 1 nothing of the row is left, yet every number is one that
    the data hold. A run in a folder keeps the study there.

    Args:
        run: a run, or its folder.
        table: rows with labels, as for `Predictor.evaluate`.
        root: folders or zips that file columns are relative to.
        levels: of the noise, ascending from 0 to 1.
        batch_size: rows that the model sees, and that exchange numbers, at once.
        seed: of the noise.

    Raises:
        ConfigError: `levels` do not rise from 0 to 1.
        DataError: no target column, a trained column is absent, a cell cannot be read.
    """
    predictor = opened(run)
    _check_levels(levels)
    log = ReadLog()
    dataset = predictor.labelled(table, root=root, log=log)
    names = tuple(predictor.schema.modalities)
    clean = Condition(names)
    curves = _noise_conditions(names, levels)
    subsets = {kept: Condition(kept) for kept in subsets_of(names)}
    wanted = dict.fromkeys([clean, *chain(*curves.values()), *subsets.values()])
    reports = {
        condition: predictor.scorer(predictions, dataset.targets, resamples=0)
        for condition, predictions in under(predictor, dataset, list(wanted), batch_size, seed)
    }
    scores = {
        condition: {task: report.metrics[report.headline].value for task, report in tasks.items()}
        for condition, tasks in reports.items()
    }
    study = Robustness(
        tuple(levels),
        {task: report.headline for task, report in reports[clean].items()},
        {
            name: {task: [scores[condition][task] for condition in curve] for task in scores[clean]}
            for name, curve in curves.items()
        },
        {kept: scores[condition] for kept, condition in subsets.items()},
        (*_looked_at(predictor), *log.notes, *skipped_notes(log.skipped)),
    )
    return stored("robustness", study, predictor.folder)


def _check_levels(levels: Sequence[float]) -> None:
    rising = all(level < following for level, following in pairwise(levels))
    if len(levels) < 2 or not rising or min(levels) < 0 or max(levels) > 1:
        raise ConfigError(
            f"Parameter `levels` should be two or more rising numbers from 0 to 1. Found {list(levels)}."
        )


def _looked_at(predictor: Predictor) -> tuple[str, ...]:
    """Return a note on the parts of a run that the study leaves out; none where it looks at the whole run."""
    count = predictor.report.training.networks
    network = f"the first of {count} networks" if count > 1 else "the network"
    if count == 1 and predictor.plain is None:
        return ()
    without = " without the plain models" if predictor.plain is not None else ""
    return (
        f"Robustness is that of {network}{without}, so these scores differ from the run's. A run of one network alone: "
        "--set folds=0 --set blend=off.",
    )


def _noise_conditions(
    names: tuple[str, ...], levels: Sequence[float]
) -> dict[str, list[Condition]]:
    """Return name of a curve -> its conditions: noise in one modality, and in all of them."""
    touched = {name: (name,) for name in names} | ({JOINT: names} if len(names) > 1 else {})
    return {
        name: [Condition(names, some, level) if level else Condition(names) for level in levels]
        for name, some in touched.items()
    }


def subsets_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every subset but the empty one, small ones first; of many modalities, those of one and of all but one."""
    sizes = range(1, len(names) + 1) if len(names) <= _MOST else (1, len(names) - 1, len(names))
    return [kept for size in sizes for kept in combinations(names, size)]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
