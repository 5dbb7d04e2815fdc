"""One task's predictions against its truths: the border where shapes and values are checked, and the loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from torso.evaluation.bootstrap import interval, reflected_interval, resamples_of, units_of
from torso.evaluation.report import Estimate, TaskReport
from torso.evaluation.weighted import Floats
from torso.tasks._base.likelihood import Beside
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["evaluate_task", "fit_baseline"]


def fit_baseline(kind: str, truth: Array, *, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a predictor that sees no input learns from the training rows, as a JSON-able mapping.

    Args:
        kind: kind of target.
        truth: truths of the TRAINING rows, in the form that `evaluate_task` takes; missing ones are ignored.
        names: of the classes, dimensions or labels.

    >>> fit_baseline("binary", np.array([1.0, 0.0, np.nan]))
    {'frequency': 0.5, 'labels': 2}
    """
    scores = Scores.registry.find(kind)
    truth = np.asarray(truth)
    labelled = scores.labelled(truth)
    with np.errstate(over="ignore", invalid="ignore"):
        learnt = scores.fit_baseline(truth[labelled], names)
    return {**learnt, "labels": int(labelled.sum())}


def evaluate_task(
    kind: str,
    prediction: Array,
    truth: Array,
    baseline: Baseline,
    *,
    names: Sequence[str] = (),
    groups: Array | None = None,
    details: Mapping[str, Array] | None = None,
    level: float = 0.0,
    resamples: int = 1000,
    seed: int = 0,
) -> TaskReport:
    """Return every metric of the task with its bootstrap 95 % interval, and the baseline's on the same rows.

    Args:
        kind: kind of target; it sets the form of the next two.
        prediction: category `[rows, classes]` and multilabel `[rows, labels]` probabilities; binary `[rows]`
            probability of yes; number `[rows]` and vector `[rows, dims]` values in the user's unit; ordinal
            `[rows, classes]` probabilities; count `[rows]` means; survival `[rows]` times; mask `[rows, height, width]`
            class indices; tags `[rows, steps]` codes (`torso.tasks.tags.codes`); caption `[rows, characters]` code points, -1
            behind the last; boxes `[rows, boxes, 6]` and tracks `[rows, tracks, frames, 8]`: corners, class,
            its probability, and for tracks those of being a thing and of being there, NaN for none.
        truth: category int `[rows]`, -1 where missing, and an index past the last class for a class that
            the model never learnt; ordinal likewise, but without such a class; survival float `[rows, 2]`, the time
            and whether it ended with the event (1) or with the watching (0); mask int `[rows, height, width]`, as
            category; caption int, as predicted, all -1 where missing; boxes `[rows, most, 5]` and tracks
            `[rows, most, frames, 5]`: corners and class, the class -1 for none and all NaN where missing; the others
            float, shaped as `prediction`, NaN where missing.
        baseline: from `fit_baseline` on the training rows.
        names: of the classes, dimensions or labels; by default their numbers.
        groups: `[rows]`, rows of one group are resampled together. Give it where rows are not independent.
        details: what the model says beside its prediction, by name: `log_loss` `[rows]`, the negative
            log-likelihood of each label, NaN where missing; `low` and `high`, shaped as `truth`.
        level: share of the labels that should lie between `low` and `high`; 0: nothing is promised.
        resamples: 0 leaves the intervals undefined.
        seed: of the resamples.

    Raises:
        ConfigError: unknown kind.
        ValueError: shapes that do not agree, a prediction that is not finite or no probability.
    """
    scores = Scores.registry.find(kind)
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    details = {name: np.asarray(value) for name, value in (details or {}).items()}
    _check(kind, scores, prediction, truth)
    width = prediction.shape[1] if prediction.ndim == 2 and not scores.steps else len(names)
    width = width if scores.named else 0
    names = list(names) or [str(number) for number in range(width)]
    if width and len(names) != width:
        raise ValueError(f"Parameter `names` should have {width} entries. Found {len(names)}.")
    if groups is not None and len(groups) != len(truth):
        raise ValueError(f"Parameter `groups` should have {len(truth)} rows. Found {len(groups)}.")

    num_rows = len(truth)
    used = np.flatnonzero(scores.labelled(truth))
    units = np.arange(len(used)) if groups is None else units_of(np.asarray(groups)[used])
    prediction = prediction[used].astype(np.float64)
    truth = truth[used]
    guess = scores.guess(baseline, prediction)
    all_once = np.ones((1, len(used)))
    # Values near the ends of float64 may overflow to an undefined metric; that is no reason to warn.
    with np.errstate(over="ignore", invalid="ignore"):
        blind = _both(
            scores(guess, truth, guess), Beside(scores.blind(baseline, truth, level), truth, level)
        )
        model = _both(
            scores(prediction, truth, guess),
            Beside({name: value[used] for name, value in details.items()}, truth, level),
        )
        known, point = blind(all_once), model(all_once)
        drawn = [model(weights) for weights in resamples_of(units, resamples, seed)]

    return TaskReport(
        kind=kind,
        rows=num_rows,
        labels=len(used),
        groups=None if groups is None else len(np.unique(units)),
        headline=scores.headline,
        metrics=_estimates(scores, point.overall, [some.overall for some in drawn]),
        baseline={
            metric: float(known.overall[metric][0]) if metric in known.overall else math.nan
            for metric in point.overall
        },
        against=scores.against,
        errors=(
            *scores.errors,
            *(m for m in Beside.errors if m in set(point.overall) - {*scores.errors}),
        ),
        promised={"coverage": (level, 1.0 if scores.wider else level)}
        if "coverage" in point.overall
        else {},
        by_name={
            name: _estimates(scores, _part(point, at), [_part(some, at) for some in drawn])
            for at, name in enumerate(names if width else ())
        },
    )


def _both(scores: Scores, beside: Beside) -> Callable[[Floats], Measured]:
    """Return what measures the prediction and what stands beside it."""

    def measure(weights: Floats) -> Measured:
        one, other = scores.measure(weights), beside.measure(weights)
        return Measured({**one.overall, **other.overall}, {**one.each, **other.each})

    return measure


def _part(measured: Measured, at: int) -> dict[str, Floats]:
    """Return the metrics of one class, dimension or label; undefined where none of its rows was evaluated."""
    return {
        metric: values[:, at] if at < values.shape[1] else np.full(len(values), math.nan)
        for metric, values in measured.each.items()
    }


def _estimates(
    scores: type[Scores], point: Mapping[str, Floats], drawn: Sequence[Mapping[str, Floats]]
) -> dict[str, Estimate]:
    """Return the value of each metric with its interval, where both are defined.

    The interval is widened to hold the value where it does not by itself: no resample of a constant prediction
    reaches the R² of the mean, for instance.
    """
    estimates = {}
    for metric, (number,) in point.items():
        value, bounds = float(number), (math.nan, math.nan)
        if drawn and math.isfinite(value):
            values = np.concatenate([some[metric] for some in drawn])
            reflect = metric in scores.reflected
            low, high = reflected_interval(value, values) if reflect else interval(values)
            bounds = min(low, value), max(high, value)
        estimates[metric] = Estimate(value, *bounds)
    return estimates


def _check(kind: str, scores: type[Scores], prediction: Array, truth: Array) -> None:
    axes = (prediction.ndim, truth.ndim)
    common = min(axes) if scores.alike else 1
    same = prediction.shape[:common] == truth.shape[:common]
    if axes != scores.axes or not same:
        form = "[rows]", "[rows, width]", *(f"[rows, ... {n} axes]" for n in range(3, 7))
        raise ValueError(
            f"For a {kind} target `prediction` should be {form[scores.axes[0] - 1]} and `truth` "
            f"{form[scores.axes[1] - 1]}. Found {prediction.shape} and {truth.shape}."
        )
    bad = np.zeros(1, bool) if scores.gaps else ~np.isfinite(prediction)
    if bad.any():
        rows = int(bad.reshape(len(bad), -1).any(axis=1).sum())
        raise ValueError(
            f"Parameter `prediction` should be finite. Found NaN or infinity in {rows} of {len(bad)} rows: "
            "the model has diverged; train again with a smaller `training.lr`."
        )
    if (
        scores.probable
        and prediction.size
        and not -1e-6 <= prediction.min() <= prediction.max() <= 1 + 1e-6
    ):
        raise ValueError(
            f"For a {kind} target `prediction` should hold probabilities. "
            f"Found values from {prediction.min()} to {prediction.max()}."
        )
