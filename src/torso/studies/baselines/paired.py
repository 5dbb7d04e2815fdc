"""Two models' answers to the same rows: the difference of the headline metric, with a paired interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.holm import holm, p_of_difference
from torso.evaluation.report import Estimate
from torso.runs.report.held_out import TaskAnswers
from torso.studies.baselines.report import Beside

__all__ = ["besides", "without_inputs"]

_RESAMPLES = 1000


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
    pairs = {task: _paired(run[task], other[task], groups, seed) for task in both}
    corrected = holm([pair.p for pair in pairs.values()])
    return {
        task: replace(pair, p=p) for (task, pair), p in zip(pairs.items(), corrected, strict=True)
    }


def _paired(
    run: TaskAnswers, other: TaskAnswers, groups: NDArray[np.intp] | None, seed: int
) -> Beside:
    used = np.flatnonzero(run.labelled & other.labelled)
    metric = run.scores.headline
    sign = -1.0 if metric in run.scores.errors else 1.0
    units = np.arange(len(used)) if groups is None else units_of(groups[used])
    count = int(units.max(initial=-1)) + 1
    models = [own.of_rows(used).measure() for own in (run, other)]
    whole = np.ones((1, len(used)))
    first, second = [float(model(whole).overall[metric][0]) for model in models]
    known = math.isfinite(first) and math.isfinite(second)
    over = Estimate(sign * (first - second))
    p = math.nan
    if known and count > 1:
        drawn = np.concatenate(
            [
                sign * (models[0](weights).overall[metric] - models[1](weights).overall[metric])
                for weights in resamples_of(units, _RESAMPLES, seed)
            ]
        )
        low, high = interval(drawn)
        over = Estimate(over.value, min(low, over.value), max(high, over.value))
        p = p_of_difference(over.value, drawn, count)
    return Beside(run.kind, metric, first, second, over, p, len(used))


def without_inputs(run: TaskAnswers) -> TaskAnswers | None:
    """Return the answers of the predictor that sees no input; None where answers are too large to be kept."""
    if not run.whole:
        return None
    used = np.flatnonzero(run.labelled)
    guess = run.scores.guess(run.baseline, run.answer.astype(np.float64))
    blind = run.scores.blind(run.baseline, run.truth[used], run.level)
    details = {}
    for name, values in blind.items():
        if name in run.details:
            details[name] = np.full((len(run.truth), *values.shape[1:]), math.nan)
            details[name][used] = values
    return replace(run, answer=guess, details=details)
