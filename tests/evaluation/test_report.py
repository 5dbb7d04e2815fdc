"""Verdicts, and JSON without NaN."""

import json
import math
from dataclasses import replace

import pytest

from torso.tasks import Estimate, TaskReport


def report(estimate, baseline, errors=()):
    return TaskReport(
        kind="number",
        rows=10,
        labels=8,
        groups=None,
        headline="score",
        metrics={"score": estimate},
        baseline={"score": baseline},
        errors=errors,
    )


@pytest.mark.parametrize(
    ("baseline", "more", "less"),
    [
        (0.3, "better", "worse"),
        (0.4, "no better", "no better"),
        (0.5, "no better", "no better"),
        (0.6, "no better", "no better"),
        (0.7, "worse", "better"),
        (math.nan, None, None),
    ],
)
def test_verdict_needs_the_whole_interval_on_one_side(baseline, more, less):
    estimate = Estimate(0.5, 0.4, 0.6)
    assert report(estimate, baseline).verdict() == more
    assert report(estimate, baseline, errors=("score",)).verdict("score") == less


@pytest.mark.parametrize(("labels", "groups"), [(5, None), (90, 5)])
def test_a_handful_of_labels_tells_nothing(labels, groups):
    sure = replace(report(Estimate(1.0, 1.0, 1.0), 0.5), labels=labels, groups=groups)
    assert sure.verdict() == "too few"
    assert replace(sure, labels=6, groups=None).verdict() == "better"


def test_no_interval_no_verdict():
    assert report(Estimate(0.5), 0.1).verdict() is None


def test_undefined_becomes_null_and_back():
    saved = report(Estimate(math.nan), math.inf).to_dict()
    assert saved["metrics"]["score"] == {"value": None, "low": None, "high": None}
    assert saved["baseline"] == {"score": None}
    again = TaskReport.from_dict(json.loads(json.dumps(saved, allow_nan=False)))
    assert math.isnan(again.metrics["score"].value)
    assert math.isnan(again.baseline["score"])
    assert again.to_dict() == saved
