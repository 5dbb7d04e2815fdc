"""The plain models of a task together."""

import numpy as np

from tests.plain.models.laws import folds_of, responses, table
from torso.plain.half import fit_task, restore_task


def fit(models):
    flat, notes = table(), []
    response = responses(flat)[0]
    task, said = fit_task(flat, response, [folds_of(90)], models=models, seed=0, told=notes.append)
    return flat, task, said, notes


def test_a_task_without_models_keeps_to_its_mean():
    flat, task, said, notes = fit([])
    assert (notes, task.models, task.weights) == ([], {}, {"no inputs": 1.0})
    again = restore_task(*task.state())
    assert np.array_equal(again.statement(flat), task.statement(flat))
    assert said.shape == task.statement(flat).shape


def test_a_model_that_suits_takes_part():
    flat, task, _, notes = fit(["linear", "forest"])
    assert notes == []
    assert task.weights.keys() == {"linear", "forest", "no inputs"}
    again = restore_task(*task.state())
    assert np.array_equal(again.statement(flat), task.statement(flat))
