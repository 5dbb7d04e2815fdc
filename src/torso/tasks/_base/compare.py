"""Two models on the same rows: the difference of their headline metric, with a paired interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.report import Estimate
from torso.tasks._base.evaluate import measured
from torso.tasks._base.likelihood import Details
from torso.tasks._base.scores import Array, Baseline, Scores

__all__ = ["Answered", "Comparison", "compare_tasks"]


_RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class Answered:
    """Answers of one model to the rows.

    Attributes:
        prediction: as for `evaluate_task`.
        details: beside it.
    """

    prediction: Array
    details: Details


@dataclass(frozen=True)
class Comparison:
    """The headline metric of several models on the same rows.

    Attributes:
        metric: its name.
        values: of each model.
        over: per model but the first: by how much the first is better, with a paired 95 % interval.
    """

    metric: str
    values: tuple[float, ...]
    over: tuple[Estimate, ...]


def compare_tasks(
    kind: str,
    answers: Sequence[Answered],
    truth: Array,
    baseline: Baseline,
    *,
    groups: Array | None = None,
    seed: int = 0,
) -> Comparison:
    """Compare the headline metric of the first model with that of each other one.

    A resample of the rows judges all models, so the interval of a difference is narrower than those of the two scores.

    Args:
        kind: of target.
        answers: of the models, the first one first.
        truth: as for `evaluate_task`.
        baseline: from `fit_baseline`.
        groups: as for `evaluate_task`.
        seed: of the resamples.
    """
    scores = Scores.registry.find(kind).given(baseline)
    used = np.flatnonzero(scores.labelled(np.asarray(truth)))
    models = [
        measured(
            scores, answer.prediction[used], truth[used], baseline, answer.details.of_rows(used)
        )
        for answer in answers
    ]
    headline = scores.headline
    sign = -1.0 if headline in scores.errors else 1.0
    units = np.arange(len(used)) if groups is None else units_of(np.asarray(groups)[used])
    point = [sign * float(model(np.ones((1, len(used)))).overall[headline][0]) for model in models]
    drawn: list[list[Array]] = [[] for _ in models]
    for weights in resamples_of(units, _RESAMPLES, seed):
        for model, values in zip(models, drawn, strict=True):
            values.append(sign * model(weights).overall[headline])
    first, *others = [np.concatenate(values) for values in drawn]
    return Comparison(
        headline,
        tuple(sign * value for value in point),
        tuple(
            Estimate(point[0] - value, *interval(first - other))
            for value, other in zip(point[1:], others, strict=True)
        ),
    )
