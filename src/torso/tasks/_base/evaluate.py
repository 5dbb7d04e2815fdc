"""Evaluation of one task: checks of shapes and values, then all metrics with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from torso.evaluation.bootstrap import interval, reflected_interval, resamples_of, units_of
from torso.evaluation.report import Estimate, TaskReport
from torso.evaluation.weighted import Floats
from torso.tasks._base.likelihood import Beside, Details
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["evaluate_task", "fit_baseline", "measured"]


def fit_baseline(
    kind: str,
    truth: Array,
    *,
    names: Sequence[str] = (),
    facts: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return, as JSON values, the baseline that sees no input, learned from the training rows.

    Args:
        kind: kind of target.
        truth: truths of the TRAINING rows, in the form that `evaluate_task` takes; missing ones are ignored.
        names: of the classes, dimensions or labels.
        facts: of the target, that its metrics go by: `Target.judged_by`.

    >>> fit_baseline("binary", np.array([1.0, 0.0, np.nan]))
    {'frequency': 0.5, 'labels': 2}
    """
    facts = facts or {}
    scores = Scores.registry.find(kind).given(facts)
    truth = np.asarray(truth)
    labelled = scores.labelled(truth)
    with np.errstate(over="ignore", invalid="ignore"):
        learnt = scores.fit_baseline(truth[labelled], names)
    return {**learnt, "labels": int(labelled.sum()), **facts}


def evaluate_task(
    kind: str,
    prediction: Array,
    truth: Array,
    baseline: Baseline,
    *,
    names: Sequence[str] = (),
    groups: Array | None = None,
    details: Details | Mapping[str, Array] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> TaskReport:
    """Return every metric of the task with its bootstrap 95 % interval, and the baseline's on the same rows.

    Args:
        kind: kind of target. The docstring of its scores says the form of the next two.
        prediction: one answer per row.
        truth: one label per row; NaN, or -1 of an integer, where missing.
        baseline: from `fit_baseline` on the training rows.
        names: of the classes, dimensions or labels; by default their numbers.
        groups: `[rows]`, rows of one group are resampled together. Give it where rows are not independent.
        details: of the model's answers, beside its predictions; a mapping promises no share of the labels.
        resamples: 0 leaves the intervals undefined.
        seed: of the resamples.

    Raises:
        ConfigError: unknown kind.
        ValueError: shapes that do not agree, a prediction that is not finite or no probability.
    """
    scores = Scores.registry.find(kind).given(baseline)
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    _check(kind, scores, prediction, truth)
    listed = _names(scores, prediction, names)
    used = np.flatnonzero(scores.labelled(truth))
    units = _units(groups, used, len(truth))
    told = details if isinstance(details, Details) else Details(details or {})
    said = told.of_rows(used)
    # Values near the ends of float64 may overflow to an undefined metric; that is no reason to warn.
    with np.errstate(over="ignore", invalid="ignore"):
        blind, model = _measures(scores, prediction[used], truth[used], baseline, said)
        all_once = np.ones((1, len(used)))
        known, point = blind(all_once), model(all_once)
        drawn = [model(weights) for weights in resamples_of(units, resamples, seed)]
    return TaskReport(
        kind=kind,
        rows=len(truth),
        labels=len(used),
        groups=None if groups is None else len(np.unique(units)),
        headline=scores.headline,
        metrics=_estimates(scores, point.overall, [part.overall for part in drawn]),
        baseline=_same_metrics(known, point),
        against=scores.against,
        errors=(*scores.errors, *_more_errors(scores, point)),
        promised=_promised(scores, point, said.level),
        by_name={
            name: _estimates(scores, _part(point, index), [_part(part, index) for part in drawn])
            for index, name in enumerate(listed)
        },
        positive=scores.positive(names),
    )


def _units(groups: Array | None, used: Array, rows: int) -> Array:
    """Return the number of the group of each used row, which are resampled together; without groups, its own."""
    if groups is None:
        return np.arange(len(used))
    if len(groups) != rows:
        raise ValueError(f"Parameter `groups` should have {rows} rows. Found {len(groups)}.")
    return units_of(np.asarray(groups)[used])


def _same_metrics(known: Measured, point: Measured) -> dict[str, float]:
    """Return the baseline's value of each metric of the model; undefined where it has none."""
    return {
        metric: float(known.overall[metric][0]) if metric in known.overall else math.nan
        for metric in point.overall
    }


def measured(
    scores: type[Scores], prediction: Array, truth: Array, baseline: Baseline, details: Details
) -> Callable[[Floats], Measured]:
    """Return a function from weights of rows to a model's metrics on labelled rows."""
    return _measures(scores, prediction, truth, baseline, details)[1]


def _measures(
    scores: type[Scores], prediction: Array, truth: Array, baseline: Baseline, details: Details
) -> tuple[Callable[[Floats], Measured], Callable[[Floats], Measured]]:
    """Return two functions from weights to metrics on labelled rows: the baseline's and the model's."""
    prediction = prediction.astype(np.float64)
    guess = scores.guess(baseline, prediction)
    known = scores.blind(baseline, truth, details.level)
    told = {name: known[name] for name in known if name in details.values}
    blind = Details(told, details.level)
    return (
        _both(scores.told(guess, truth, guess, told), Beside(blind, truth)),
        _both(scores.told(prediction, truth, guess, details.values), Beside(details, truth)),
    )


def _names(scores: type[Scores], prediction: Array, names: Sequence[str]) -> list[str]:
    """Return the names of classes, dimensions or labels; none for a kind without them."""
    if not scores.named:
        return []
    flat = prediction.ndim == 2 and not scores.steps
    width = prediction.shape[1] if flat else len(names)
    if names and len(names) != width:
        raise ValueError(f"Parameter `names` should have {width} entries. Found {len(names)}.")
    return list(names) or [str(number) for number in range(width)]


def _more_errors(scores: type[Scores], point: Measured) -> list[str]:
    """Return the metrics of details of which less is better."""
    return [m for m in Beside.errors if m in point.overall and m not in scores.errors]


def _promised(
    scores: type[Scores], point: Measured, level: float
) -> dict[str, tuple[float, float]]:
    """Return metric -> the least and the most that it should be."""
    if "coverage" not in point.overall:
        return {}
    return {"coverage": (level, 1.0 if scores.wider else level)}


def _both(scores: Scores, beside: Beside) -> Callable[[Floats], Measured]:
    """Return a function from weights to the metrics of predictions and details."""

    def measure(weights: Floats) -> Measured:
        own, more = scores.measure(weights), beside.measure(weights)
        return Measured({**own.overall, **more.overall}, {**own.each, **more.each})

    return measure


def _part(measured: Measured, index: int) -> dict[str, Floats]:
    """Return the metrics of one class, dimension or label; undefined where none of its rows was evaluated."""
    return {
        metric: values[:, index] if index < values.shape[1] else np.full(len(values), math.nan)
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
            values = np.concatenate([part[metric] for part in drawn])
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
