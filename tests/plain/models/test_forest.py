"""Extremely randomised trees."""

import sys
import time

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from tests.plain.models.laws import LawsOfPlainModels, folds_of, responses, table
from torso.core.errors import MissingDependency
from torso.plain.flat.flat import Flat
from torso.plain.models import ExtraTrees, forest
from torso.plain.models._mean_trees import MeanTrees
from torso.tasks._base.response import Response


@pytest.fixture
def few_trees(monkeypatch):
    monkeypatch.setattr(forest, "_TREES", 12)


@pytest.mark.usefixtures("few_trees")
class TestExtraTrees(LawsOfPlainModels):
    model = ExtraTrees


def near_limits(learner, rows, columns):
    """Return random rows, some of whose cells are limits, and float32 numbers beside them."""
    draws = np.random.default_rng(1)
    values = draws.standard_normal((rows, columns)).astype(np.float32)
    limits = np.concatenate([tree.tree_.threshold for tree in learner.estimators_])
    cells = draws.choice(limits, values.shape).astype(np.float32)
    sides = np.nextafter(cells, np.float32(np.inf) * draws.choice([-1, 1], values.shape))
    kind = draws.integers(0, 3, values.shape)
    return np.choose(kind, [values, cells, sides.astype(np.float32)])


@pytest.mark.parametrize("outputs", [1, 3])
def test_arrays_say_what_the_library_says(outputs):
    draws = np.random.default_rng(0)
    values = draws.standard_normal((300, 5)).astype(np.float32)
    values[:, 1] = draws.integers(0, 4, 300)
    labels = draws.standard_normal((300, outputs)) + values[:, :1]
    labels = labels if outputs > 1 else labels[:, 0]
    learner = ExtraTreesRegressor(25, min_samples_leaf=2, random_state=0).fit(values, labels)
    trees = MeanTrees.of([tree.tree_ for tree in learner.estimators_])
    other = near_limits(learner, 400, 5)
    expected = learner.predict(other).reshape(400, outputs)
    assert np.allclose(trees.predict(other), expected, rtol=0, atol=1e-6)


def test_classes_learnt_as_numbers_are_those_of_the_gini_index():
    flat = table(200, gaps=0)
    response = responses(flat)[0]
    rows = response.labelled
    learner = ExtraTreesClassifier(150, min_samples_leaf=2, max_features=None, random_state=0)
    learner.fit(flat.dense[rows], response.values[rows])
    _, model = ExtraTrees.cross_fit(flat, response, folds_of(200), seed=0)
    other = table(100, gaps=0, seed=1)
    chances = learner.predict_proba(other.dense)
    assert np.abs(np.exp(model.predict(other)) - chances).mean() < 0.02


def test_a_tree_of_one_leaf_is_read():
    values, labels = np.zeros((4, 2), np.float32), np.array([1.0, 2.0, 3.0, 4.0])
    learner = ExtraTreesRegressor(3, random_state=0).fit(values, labels)
    trees = MeanTrees.of([tree.tree_ for tree in learner.estimators_])
    assert np.allclose(trees.predict(values), 2.5)


def test_rows_beyond_a_step_are_the_same(monkeypatch, few_trees):
    flat = table()
    _, model = ExtraTrees.cross_fit(flat, responses(flat)[0], folds_of(90), seed=0)
    said = model.predict(flat)
    monkeypatch.setattr("torso.plain.models._mean_trees._AT_ONCE", 2_000)
    assert np.array_equal(model.predict(flat), said)


def test_labels_missing_in_other_rows_have_a_forest_of_their_own(few_trees):
    flat = table()
    values = responses(flat)[2].values
    both = ExtraTrees.cross_fit(flat, Response("values", values), folds_of(90), seed=0)[1]
    alone = ExtraTrees.cross_fit(flat, Response("values", values[:, :1]), folds_of(90), seed=0)[1]
    assert len(both.forests) == 2
    assert np.array_equal(both.predict(flat)[:, :1], alone.predict(flat))


def test_it_keeps_out_of_large_tasks():
    flat = table(3_100, numbers=1, words=0)

    def suits(labels, rows=100, classes=0):
        family = "classes" if classes else "values"
        return ExtraTrees.suits(flat.take(np.arange(rows)), Response(family, labels, classes))

    ones = np.ones((3_100, 65), np.float32)
    assert suits(ones[:3_000, :1], 3_000)
    assert not suits(ones[:, :1], 3_100)
    assert not suits(ones[:100], 100)
    assert suits(np.zeros(100, np.int64), 100, 300)
    assert not suits(np.zeros(100, np.int64), 100, 301)
    few = ones[:, :1].copy()
    few[2_000:] = np.nan
    assert suits(few, 3_100)
    ragged = np.where(np.tri(100, 9, dtype=bool), 1, np.nan).astype(np.float32)
    assert not suits(ragged)
    assert suits(ragged[:, :8])
    words = Flat(np.zeros((90, 0), np.float32), (), table().sparse, ())
    assert not ExtraTrees.suits(words, Response("values", ones[:90, :1]))


def test_a_row_is_quick():
    flat = table(1_000, numbers=20)
    _, model = ExtraTrees.cross_fit(flat, responses(flat)[2], np.zeros(1_000, int), seed=0)
    row, taken = flat.take(np.array([3])), []
    for _ in range(20):
        begin = time.perf_counter()
        model.predict(row)
        taken.append(time.perf_counter() - begin)
    assert min(taken) < 5e-3  # a quarter of a millisecond where nothing else runs


def test_without_the_library_a_message_says_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingDependency, match="pip install"):
        ExtraTrees.cross_fit(table(), responses(table())[0], folds_of(90), seed=0)


def test_a_fit_of_trees_predicts_without_the_library(monkeypatch, few_trees):
    flat = table()
    _, model = ExtraTrees.cross_fit(flat, responses(flat)[2], folds_of(90), seed=0)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    again = ExtraTrees.restore(*model.state())
    assert np.array_equal(again.predict(flat), model.predict(flat))
