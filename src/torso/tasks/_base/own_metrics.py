"""Metrics that users write: a function of labels and answers, named by `module:function` in a target's `metrics`.

Functions that are given as objects are known by their import path for as long as the process lives, so that a config can
name them; another process imports them from there.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from torso.core.cures import setting
from torso.core.errors import ConfigError
from torso.core.registry import imported_object
from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.report import Estimate, TaskReport
from torso.evaluation.weighted import Array
from torso.tasks._base.scores import Baseline, Scores, metrics_of

__all__ = ["Judged", "OwnMetric", "own_metrics", "spelled_metrics", "with_own_metrics"]

_PROBABILITIES = ("probabilities", "y_score", "y_prob", "y_proba")
"""Names of a second parameter that asks for probabilities; any other asks for answers."""
_BETTER = ("higher", "lower")
_given: dict[str, Callable[..., object]] = {}


@dataclass(frozen=True)
class OwnMetric:
    """A metric of one task.

    Attributes:
        task: that it judges.
        path: import path of the function.
        name: in reports and in `training.monitor`.
        lower: less is better.
        function: of labels and answers; None where it cannot be imported.
        why: why it cannot; empty where it can.
    """

    task: str
    path: str
    name: str
    lower: bool = False
    function: Callable[..., object] | None = None
    why: str = ""

    def __call__(self, labels: Array, answers: Array, names: Sequence[str]) -> float:
        """Return the metric of some rows, NaN where the function says so.

        Raises:
            ConfigError: the function raises, or returns no number.
        """
        assert self.function is not None
        more = {"names": [*names]} if "names" in _parameters(self.function) else {}
        try:
            value = self.function(labels, answers, **more)
        except Exception as error:
            raise ConfigError(
                f"`targets.{self.task}.metrics`: {self.path!r} raised {type(error).__name__}: {str(error).rstrip('.')}. It was given labels "
                f"{labels.shape} and {'probabilities' if self.asks_for_probabilities else 'answers'} {answers.shape}. Mend "
                f"it, or go without: {setting(f'targets.{self.task}.metrics', None)}"
            ) from error
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise ConfigError(
                f"`targets.{self.task}.metrics`: {self.path!r} should return one number. Found {value!r:.60}."
                f"{' Does it lack a `return`?' if value is None else ' Return its mean, or write a function for each number.'}"
            ) from None
        return number if np.isfinite(number) else float("nan")

    @property
    def asks_for_probabilities(self) -> bool:
        """True if the second parameter is called so."""
        second = [*_parameters(self.function)][1:2] if self.function is not None else []
        return bool(second) and second[0] in _PROBABILITIES


def spelled_metrics(value: object, task: str) -> list[str] | dict[str, str]:
    """Return a target's `metrics` as a config holds them: functions by their import paths.

    >>> spelled_metrics("mine:top3", "digit")
    ['mine:top3']

    Args:
        value: a path or a function, a list of these, or a mapping of these to `higher` or `lower`.
        task: for messages.

    Raises:
        ConfigError: anything else, a function without a name, or a metric that is always reported.
    """
    if isinstance(value, Mapping):
        for path, better in value.items():
            if better not in _BETTER:
                raise ConfigError(
                    f"`targets.{task}.metrics` should say of {_spelled(path, task)!r} whether `higher` or `lower` is better. "
                    f"Found {better!r}."
                )
        return {_spelled(path, task): str(better) for path, better in value.items()}
    listed = value if isinstance(value, list | tuple) else [value]
    return [_spelled(path, task) for path in listed]


def _spelled(value: object, task: str) -> str:
    if callable(value):
        name = getattr(value, "__qualname__", "")
        module = getattr(value, "__module__", None) or "__main__"  # None: it was made by `exec`
        if not name or "<lambda>" in name:
            raise ConfigError(
                f"`targets.{task}.metrics` should hold functions with a name. Found {value!r:.80}. Write it as "
                "`def name(labels, answers): ...`"
            )
        path = f"{module}:{name}"
        _given[path] = value
        return path
    if not isinstance(value, str) or not all(value.partition(":")):
        known = "" if not isinstance(value, str) else _about_builtin(value)
        raise ConfigError(
            f"`targets.{task}.metrics` should name functions as module:function, such as mine:top3. Found {value!r}.{known}"
        )
    return value


def _about_builtin(name: str) -> str:
    kinds = [kind for kind in Scores.registry if name in metrics_of(kind)]
    return f" {name} is reported anyway, for targets of kind {kinds[0]!r}." if kinds else ""


def own_metrics(value: object, task: str, kind: str) -> tuple[OwnMetric, ...]:
    """Return the metrics of a task, imported; one that cannot be says why.

    Args:
        value: `metrics` of the target.
        task: its name.
        kind: of the target; empty where it is not known yet.

    Raises:
        ConfigError: as for `spelled_metrics`.
    """
    if value is None:
        return ()
    said = spelled_metrics(value, task)
    better = said if isinstance(said, dict) else dict.fromkeys(said, "higher")
    short = {path: path.rpartition(":")[2].rpartition(".")[2] for path in better}
    names = [*short.values(), *metrics_of(kind)]
    metrics: list[OwnMetric] = []
    for path, name in short.items():
        metric = OwnMetric(task, path, name if names.count(name) == 1 else path)
        metric = replace(metric, lower=better[path] == "lower")
        metrics.append(_imported(metric, kind))
    return tuple(metrics)


def _imported(metric: OwnMetric, kind: str) -> OwnMetric:
    try:
        part = _given.get(metric.path) or imported_object(metric.path, "metric")
    except ConfigError as error:
        return replace(metric, why=str(error))
    if not callable(part):
        return replace(
            metric,
            why=f"The metric {metric.path!r} should be a function of labels and answers. Found {type(part).__name__}.",
        )
    metric = replace(metric, function=part)
    probable = kind not in Scores.registry or Scores.registry.find(kind).probable
    if metric.asks_for_probabilities and not probable:
        return replace(
            metric,
            function=None,
            why=f"The metric {metric.path!r} asks for probabilities, which a {kind} target has none of. Call its second "
            "parameter `answers`.",
        )
    return metric


def _parameters(function: object) -> Mapping[str, object]:
    try:
        return inspect.signature(function).parameters  # type: ignore[arg-type]
    except (TypeError, ValueError):  # of built-in functions
        return {}


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows of a task that are judged, as for `evaluate_task`.

    Attributes:
        prediction: one answer per row.
        truth: one label per row.
        baseline: from `fit_baseline`.
        details: beside the predictions.
        names: of classes, dimensions or labels.
        groups: rows of one group are resampled together.
        resamples: of the bootstrap.
        seed: of the resamples.
    """

    prediction: Array
    truth: Array
    baseline: Baseline
    details: Mapping[str, Array]
    names: Sequence[str] = ()
    groups: Array | None = None
    resamples: int = 0
    seed: int = 0


def with_own_metrics(
    report: TaskReport, metrics: Sequence[OwnMetric], rows: Judged, told: list[str] | None = None
) -> TaskReport:
    """Return a report with further metrics, each with its interval and that of the baseline.

    Args:
        report: of the same rows.
        metrics: that can be called; the others are left out.
        rows: that are judged.
        told: takes the message of a function that fails, whose metric is then undefined; None: it is raised.

    Raises:
        ConfigError: a function raises, or returns no number.
    """
    metrics = [metric for metric in metrics if metric.function is not None]
    if not metrics:
        return report
    scores = Scores.registry.find(report.kind).given(rows.baseline)
    used = np.flatnonzero(scores.labelled(rows.truth))
    prediction, truth = rows.prediction[used], rows.truth[used]
    details = {name: np.asarray(value)[used] for name, value in rows.details.items()}
    guess = np.asarray(scores.guess(rows.baseline, prediction.astype(np.float64)))
    blind = scores.blind(rows.baseline, truth, 0.0)
    labels = scores.plain_labels(truth)
    units = np.arange(len(used)) if rows.groups is None else units_of(rows.groups[used])
    values, baselines = {}, {}
    for metric in metrics:
        ours, theirs = (
            said if metric.asks_for_probabilities else scores.plain_answers(said, more)
            for said, more in ((prediction, details), (guess, blind))
        )
        draws = () if scores.among_rows else resamples_of(units, rows.resamples, rows.seed)
        values[metric.name] = _estimate(metric, labels, ours, rows.names, draws, told)
        baselines[metric.name] = _value(metric, labels, theirs, rows.names, [])
    return replace(
        report,
        metrics={**report.metrics, **values},
        baseline={**report.baseline, **baselines},
        errors=(*report.errors, *(metric.name for metric in metrics if metric.lower)),
    )


def _estimate(
    metric: OwnMetric,
    labels: Array,
    answers: Array,
    names: Sequence[str],
    draws: Iterator[Array] | tuple[()],
    told: list[str] | None,
) -> Estimate:
    value = _value(metric, labels, answers, names, told)
    if np.isnan(value):
        return Estimate(value)
    drawn = []
    for weights in draws:
        for row in weights:
            some = np.repeat(np.arange(len(labels)), row.astype(np.int64))
            drawn.append(_value(metric, labels[some], answers[some], names, []))
    low, high = interval(np.array(drawn)) if drawn else (np.nan, np.nan)
    return Estimate(value, min(low, value), max(high, value)) if drawn else Estimate(value)


def _value(
    metric: OwnMetric,
    labels: Array,
    answers: Array,
    names: Sequence[str],
    told: list[str] | None,
) -> float:
    """Return the metric; where the function fails, NaN, and why is `told`, or raised without such a list."""
    if not len(labels):
        return float("nan")
    if told is None:
        return metric(labels, answers, names)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a resample may lack a class
        try:
            return metric(labels, answers, names)
        except ConfigError as error:
            told.append(str(error))
            return float("nan")
