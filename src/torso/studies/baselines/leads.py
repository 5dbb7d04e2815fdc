"""By how much a run leads over another model on the same rows, by the headline metric of each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.bootstrap import units_of
from torso.evaluation.holm import holm
from torso.runs.report.held_out import TaskAnswers
from torso.studies.baselines.report import Beside
from torso.studies.paired import drawn, estimated

__all__ = ["besides"]


def besides(
    run: Mapping[str, TaskAnswers],
    other: Mapping[str, TaskAnswers],
    groups: NDArray[np.intp] | None = None,
    seed: int = 0,
) -> dict[str, Beside]:
    """Return task -> a run beside another model, for the tasks that both answer.

    The p-values of several tasks are corrected by Holm's procedure.

    Args:
        run: task -> its answers.
        other: task -> those of the other model to the same rows.
        groups: `[rows]`; rows of one group are resampled together.
        seed: of the resamples.
    """
    both = [task for task in run if task in other]
    pairs = {task: _beside(run[task], other[task], groups, seed) for task in both}
    corrected = holm([pair.p for pair in pairs.values()])
    return {
        task: replace(pair, p=p) for (task, pair), p in zip(pairs.items(), corrected, strict=True)
    }


def _beside(
    run: TaskAnswers, other: TaskAnswers, groups: NDArray[np.intp] | None, seed: int
) -> Beside:
    """Return a run beside another model on the rows that both have a label of; its p-value stands alone."""
    used = np.flatnonzero(run.labelled & other.labelled)
    metric = run.scores.headline
    sign = -1.0 if metric in run.scores.errors else 1.0
    units = np.arange(len(used)) if groups is None else units_of(groups[used])
    rows = [np.arange(len(used))]
    models = [drawn([[own.of_rows(used)]], rows, [metric], units, seed) for own in (run, other)]
    first, second = (np.concatenate([own.point, own.resampled])[:, 0] for own in models)
    over, p = estimated(sign * (first - second), int(units.max(initial=-1)) + 1)
    return Beside(run.kind, metric, float(first[0]), float(second[0]), over, p, len(used))
