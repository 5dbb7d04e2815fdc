"""Two models' answers to the same rows: the difference of the headline metric, with a paired interval and its chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.report import Estimate
from torso.runs.report.held_out import TaskAnswers
from torso.studies.baselines.report import Beside

__all__ = ["besides", "without_inputs"]

_RESAMPLES = 1000
_FEWEST = 10
"""Labelled rows, or groups of them, below which a bootstrap says nothing."""


def besides(
    run: Mapping[str, TaskAnswers],
    other: Mapping[str, TaskAnswers],
    groups: NDArray[np.intp] | None = None,
    seed: int = 0,
) -> dict[str, Beside]:
    """Return task -> a run beside another model, for the tasks that both answer.

    The chances of several tasks are corrected by Holm's procedure (Scandinavian Journal of Statistics 6, 1979).

    Args:
        run: task -> its answers.
        other: task -> those of the other model to the same rows.
        groups: `[rows]`; rows of one group are resampled together.
        seed: of the resamples.
    """
    both = [task for task in run if task in other]
    pairs = {task: _paired(run[task], other[task], groups, seed) for task in both}
    chances = _holm([pair.chance for pair in pairs.values()])
    return {
        task: replace(pair, chance=chance)
        for (task, pair), chance in zip(pairs.items(), chances, strict=True)
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
    chance = math.nan
    if known and count >= _FEWEST:
        drawn = np.concatenate(
            [
                sign * (models[0](weights).overall[metric] - models[1](weights).overall[metric])
                for weights in resamples_of(units, _RESAMPLES, seed)
            ]
        )
        low, high = interval(drawn)
        over = Estimate(over.value, min(low, over.value), max(high, over.value))
        chance = _chance(over.value, drawn[np.isfinite(drawn)])
    return Beside(run.kind, metric, first, second, over, chance, len(used))


def _chance(value: float, drawn: NDArray[np.float64]) -> float:
    """Return how likely so large a difference is between models that are alike, by the spread of the resamples.

    Normal, so that it has no least value: a share of 1,000 resamples could not pass a correction for many tasks.
    """
    spread = float(drawn.std()) if len(drawn) > 1 else 0.0
    if spread == 0:
        return 1.0 if value == 0 else math.nan
    return math.erfc(abs(value) / spread / math.sqrt(2))


def _holm(chances: Sequence[float]) -> list[float]:
    """Return the chances, corrected for their number; undefined ones stay so.

    >>> _holm([0.01, 0.04, math.nan])
    [0.02, 0.04, nan]
    """
    known = sorted((chance, index) for index, chance in enumerate(chances) if chance == chance)
    out, least = [math.nan] * len(chances), 0.0
    for rank, (chance, index) in enumerate(known):
        least = max(least, min(1.0, chance * (len(known) - rank)))
        out[index] = least
    return out


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
