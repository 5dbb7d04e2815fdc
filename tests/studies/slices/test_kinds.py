"""Every kind of target can be looked into, whole or by the metrics of its rows, with all, few or no labels."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from torso.core.whole_files import finite
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.runs.report.patterns import Pattern, patterns_of
from torso.studies.slices.mistakes import TaskMistakes
from torso.studies.slices.mistakes_study import _task
from torso.studies.slices.parting import by_gaps
from torso.studies.slices.study import _scored
from torso.tasks import Scores, fit_baseline
from torso.tasks._base.example import example_of

KINDS = list(Scores.registry)


def held_out(kind, rows, gaps, *, large=False):
    answer, truth = example_of(kind).SCORES.draw(np.random.default_rng(0), rows, gaps)
    if gaps == 1.0:
        truth = np.full_like(truth, -1 if truth.dtype.kind == "i" else np.nan)
    _, known = example_of(kind).SCORES.draw(np.random.default_rng(1), 40, 0.0)
    own = TaskAnswers(kind, truth, answer, baseline=fit_baseline(kind, known))
    if large:
        own = TaskAnswers(
            kind, np.zeros(0), np.zeros(0), baseline=own.baseline, metrics=own.by_row()
        )
    present = {"a": np.arange(rows) % 3 > 0, "b": np.ones(rows, bool)}
    return HeldOut("test", np.arange(rows), rows, {"t": own}, None, present)


@pytest.mark.parametrize("gaps", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_any_kind(kind, gaps, large):
    rows = held_out(kind, 60, gaps)
    if large:
        if not rows.tasks["t"].by_row() or gaps == 1.0:
            pytest.skip("rows of this kind are judged among others")
        rows = held_out(kind, 60, gaps, large=True)
    patterns = patterns_of(rows)
    assert sum(pattern.rows for pattern in patterns) == 60
    again = [Pattern.from_dict(json.loads(json.dumps(p.to_dict()))) for p in patterns]
    assert [each.to_dict() for each in again] == [each.to_dict() for each in patterns]
    parts = [*_scored(by_gaps(rows), rows, 0)]
    assert sum(part.rows for part in parts) == 60
    found = _task(rows.tasks["t"], rows, {}, 3, 0)
    assert found.labels == rows.tasks["t"].labelled.sum() and len(found.worst) <= 3
    again = TaskMistakes.from_dict(json.loads(json.dumps(finite(asdict(found)))))
    assert repr(again) == repr(found)
