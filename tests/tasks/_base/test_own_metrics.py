"""Metrics that users write: what each kind gives them, and that they are scored as the built-in ones are."""

import numpy as np
import pytest

from torso.core.errors import ConfigError
from torso.tasks import (
    Judged,
    Scores,
    evaluate_task,
    fit_baseline,
    own_metrics,
    spelled_metrics,
    with_own_metrics,
)
from torso.tasks._base.example import example_of

KINDS = list(Scores.registry)
SEEN = {}


def answers_seen(labels, answers):
    SEEN.setdefault("answers", (labels, answers))  # the baseline's come after
    return 1.0


def probabilities_seen(labels, probabilities, names):
    SEEN.setdefault("probabilities", (labels, probabilities))
    return len(names)


def accuracy(labels, answers):
    return np.mean(labels == answers)


def mean_absolute(labels, answers):
    return np.abs(labels - answers).mean()


def rows_of(kind, rows=80, **settings):
    prediction, truth = example_of(kind).SCORES.draw(np.random.default_rng(0), rows, 0.2)
    return Judged(prediction, truth, fit_baseline(kind, truth), {}, **settings)


def reported(kind, functions, rows, told=None):
    report = evaluate_task(
        kind, rows.prediction, rows.truth, rows.baseline, resamples=rows.resamples
    )
    return with_own_metrics(report, own_metrics(functions, "x", kind), rows, told)


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_is_given_the_labelled_rows_of_every_kind(kind):
    report = reported(kind, [answers_seen], rows_of(kind, resamples=3))
    labels, answers = SEEN.pop("answers")
    assert report.metrics["answers_seen"].value == report.baseline["answers_seen"] == 1.0
    assert len(labels) == len(answers)
    labelled = Scores.registry.find(kind).labelled(rows_of(kind).truth).sum()
    assert len(labels) == labelled == report.labels
    if kind in ("category", "ordinal", "binary", "multilabel"):
        assert labels.shape == answers.shape
        assert {*np.unique(answers)} <= {*range(20)}
    if kind == "angle":
        assert labels.ndim == answers.ndim == 1


@pytest.mark.parametrize("kind", ["category", "binary", "ordinal", "multilabel"])
def test_one_that_calls_its_second_parameter_so_is_given_probabilities(kind):
    rows = rows_of(kind, names=["no", "yes"])
    report = reported(kind, [probabilities_seen], rows)
    assert report.metrics["probabilities_seen"].value == 2
    labels, seen = SEEN.pop("probabilities")
    assert len(labels) == len(seen) and 0 < seen.min() < seen.max() < 1


def test_it_equals_the_built_in_one_with_interval_and_baseline():
    """`accuracy` is taken, so the second is called by its whole path."""
    report = reported("category", [accuracy], rows_of("category", resamples=200))
    path = f"{__name__}:accuracy"
    ours, theirs = report.metrics[path], report.metrics["accuracy"]
    assert ours.value == pytest.approx(theirs.value)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert report.baseline[path] == pytest.approx(report.baseline["accuracy"])
    assert report.verdict(path) == report.verdict("accuracy")
    groups = np.arange(80) // 8
    rows = rows_of("number", resamples=100, groups=groups)
    own = reported("number", {mean_absolute: "lower"}, rows).metrics["mean_absolute"]
    built_in = evaluate_task(
        "number", rows.prediction, rows.truth, rows.baseline, groups=groups, resamples=100
    ).metrics["mae"]
    assert (own.low, own.high) == pytest.approx((built_in.low, built_in.high))


def test_lower_is_better_where_that_is_said():
    rows = rows_of("number", resamples=100)
    assert reported("number", {mean_absolute: "lower"}, rows).verdict("mean_absolute") == "better"
    assert reported("number", [mean_absolute], rows).verdict("mean_absolute") == "worse"


def fails(labels, answers):
    raise ZeroDivisionError("nothing there")


def returns_nothing(labels, answers):
    pass


def returns_many(labels, answers):
    return [1.0, 2.0]


@pytest.mark.parametrize(
    "function,message",
    [
        (
            fails,
            r"fails' raised ZeroDivisionError: nothing there\. It was given labels \(\d+,\) and answers",
        ),
        (returns_nothing, "should return one number. Found None. Does it lack a `return`"),
        (returns_many, r"should return one number. Found \[1.0, 2.0\]"),
    ],
)
def test_one_that_fails_is_an_error_before_training_and_a_note_after(function, message):
    rows = rows_of("number")
    with pytest.raises(ConfigError, match=message):
        reported("number", [function], rows)
    told = []
    report = reported("number", [function], rows, told)
    assert np.isnan(report.metrics[function.__name__].value) and len(told) == 1


@pytest.mark.parametrize(
    "value,message",
    [
        (
            "accuracy",
            "module:function, such as mine:top3. Found 'accuracy'. accuracy is reported anyway",
        ),
        (["mine:"], "should name functions as module:function"),
        ([3], "Found 3"),
        (lambda labels, answers: 1, "functions with a name"),
        ({"mine:cost": "min"}, "whether `higher` or `lower` is better. Found 'min'"),
    ],
)
def test_anything_else_is_refused(value, message):
    with pytest.raises(ConfigError, match=message):
        spelled_metrics(value, "x")


@pytest.mark.parametrize(
    "path,kind,why",
    [
        ("no_such:top3", "category", "No module named 'no_such'. Install it, or let Python look"),
        (f"{__name__}:acuracy", "category", "Did you mean 'accuracy'?"),
        (f"{__name__}:KINDS", "category", "should be a function of labels and answers. Found list"),
        (f"{__name__}:probabilities_seen", "number", "asks for probabilities, which a number"),
    ],
)
def test_one_that_cannot_be_used_says_why(path, kind, why):
    (metric,) = own_metrics(path, "x", kind)
    assert why in metric.why and metric.function is None
