"""The plain models of a task together."""

import numpy as np
import pytest

from tests.plain.models.laws import folds_of, responses, table
from torso.plain.half import fit_task, restore_task
from torso.plain.models import ExtraTrees


def fit(models):
    flat, notes = table(), []
    response = responses(flat)[0]
    task, said = fit_task(flat, response, [folds_of(90)], models=models, seed=0, told=notes.append)
    return flat, task, said, notes


@pytest.mark.parametrize("models", [["linear", "forest"], ["forest"]])
def test_a_model_that_does_not_suit_takes_no_part(monkeypatch, models):
    monkeypatch.setattr(ExtraTrees, "suits", classmethod(lambda *_: False))
    flat, task, said, notes = fit(models)
    assert notes == []
    assert "forest" not in task.models
    assert "forest" not in task.weights
    assert sum(task.weights.values()) == pytest.approx(1)
    again = restore_task(*task.state())
    assert np.array_equal(again.statement(flat), task.statement(flat))
    without = fit([name for name in models if name != "forest"])
    assert np.array_equal(said, without[2])


def test_a_model_that_suits_takes_part():
    flat, task, _, notes = fit(["linear", "forest"])
    assert notes == []
    assert task.weights.keys() == {"linear", "forest", "no inputs"}
    again = restore_task(*task.state())
    assert np.array_equal(again.statement(flat), task.statement(flat))
