"""Boosted trees."""

import builtins
import sys

import numpy as np
import pytest

from tests.plain.models.laws import LawsOfPlainModels, folds_of, responses, table
from torso.core.errors import MissingDependency
from torso.plain.flat.flat import Flat
from torso.plain.models import BoostedTrees, _boosting
from torso.plain.models._boosting import Boosting
from torso.plain.models._forest import Forest
from torso.plain.models._target_means import TargetMeans, read_means
from torso.tasks._base.response import Response

lightgbm = pytest.importorskip("lightgbm")


class TestBoostedTrees(LawsOfPlainModels):
    model = BoostedTrees

    def held_out_alone(self, flat, response, folds):
        """Return the statements after so many rounds, which are not chosen."""
        best, Boosting._best_rounds = Boosting._best_rounds, grown
        try:
            return self.fit(flat, response, folds)[0]
        finally:
            Boosting._best_rounds = best


def grown(fit, boosters, known):
    for booster in boosters.values():
        for _ in range(5):
            booster.update()
    return 5


@pytest.mark.parametrize(
    ("objective", "leaves"),
    [("regression", 31), ("regression", 12), ("binary", 31), ("multiclass", 12)],
)
def test_arrays_say_what_the_library_says(objective, leaves):
    draws = np.random.default_rng(0)
    values = draws.standard_normal((400, 5))
    values[:, 1] = draws.integers(0, 4, 400)
    values[draws.random(values.shape) < 0.2] = np.nan
    values[:, 4] = np.nan_to_num(values[:, 4])  # no gap is learnt from
    labels = np.nan_to_num(values[:, 0]) * np.nan_to_num(values[:, 1], nan=2) + values[:, 4]
    labels = labels if objective == "regression" else np.digitize(labels, [0, 2])
    labels = labels > 0 if objective == "binary" else labels
    settings = {"objective": objective, "verbosity": -1, "num_leaves": leaves, "num_threads": 1}
    if objective == "multiclass":
        settings["num_class"] = 3
    booster = lightgbm.train(settings, lightgbm.Dataset(values, labels.astype(float)), 20)
    forest = Forest.of({0: booster.model_to_string()}, {0: np.arange(5)})
    other = draws.standard_normal((300, 5)) * 2
    other[draws.random(other.shape) < 0.3] = np.nan
    other[0] = 0
    other[1] = np.nan
    other[2] = 1e30
    expected = booster.predict(other, raw_score=True).reshape(300, -1)
    assert np.allclose(forest.predict(other, expected.shape[1]), expected, atol=1e-12)
    near = np.resize(forest.limits, (300, 5))  # at a limit, and one step beside it
    for cells in (other, near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf)):
        assert (forest._masks.leaves(cells) == forest._tested(cells)).all()


def test_columns_of_a_model_are_found_in_the_whole_table():
    values = np.random.default_rng(0).standard_normal((200, 3))
    settings = {"objective": "regression", "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(values, values[:, 2] ** 2), 5)
    forest = Forest.of({1: booster.model_to_string()}, {1: np.array([4, 0, 2])})
    table = np.zeros((200, 5))
    table[:, [4, 0, 2]] = values
    said = forest.predict(table, 2)
    assert np.allclose(said[:, 1], booster.predict(values))
    assert not said[:, 0].any()


def test_mean_labels_by_hand():
    codes = np.array([1, 1, 2, 2, 1, np.nan], np.float32)[:, None]
    dense = np.concatenate(
        [codes, 5 * codes], axis=1
    )  # a column with many codes, most of them unused
    labels = np.array([1.0, 0.0, 1.0, 1.0, np.nan, 0.0])[:, None]
    folds = np.array([0, 1, 2, 0, 1, 2])
    means = TargetMeans.learn(dense, [1], labels, folds)
    got = means.without(None, folds, dense)[:, 0, 0]
    # row 0 sees rows 1, 2, 4, 5: mean of all (0 + 1 + 0) / 3, and 0 of its own code
    assert np.isclose(got[0], (0 + 10 / 3) / (1 + 10))
    # row 5, a gap, sees rows 0, 1, 3, 4: none with a gap
    assert np.isclose(got[5], 2 / 3)
    without = means.without(0, folds, dense)[:, 0, 0]
    # fold 0 is held out: its row 0 sees rows 1, 2, 4, 5; row 1 sees rows 2 and 5
    assert np.isclose(without[0], (0 + 10 / 3) / (1 + 10))
    assert np.isclose(without[1], 0.5)
    new = np.array([[0, 5], [0, np.nan], [0, 99]], np.float32)
    said = read_means(means.table(), means.columns, means.sizes, new)[:, 0]
    assert np.isclose(said[0], (1 + 10 * 0.6) / (2 + 10))
    assert np.isclose(said[1], (0 + 10 * 0.6) / (1 + 10))
    assert np.isclose(said[2], 0.6)


def test_rows_of_one_category_are_told_apart_from_others():
    draws = np.random.default_rng(0)
    codes = draws.integers(1, 60, 600).astype(np.float32)
    level = draws.standard_normal(60).astype(np.float32)
    values = level[codes.astype(int)] + 0.3 * draws.standard_normal(600).astype(np.float32)
    flat = table(600, words=1)
    dense = np.concatenate([flat.dense[:, :1], codes[:, None]], axis=1)
    flat = Flat(dense, (1,), flat.sparse, ("number", "code"))
    held_out, _ = BoostedTrees.cross_fit(
        flat, Response("values", values[:, None]), folds_of(600), seed=0
    )
    assert np.square(held_out[:, 0] - values).mean() < 0.3 * values.var()


def test_threads_change_no_answer(monkeypatch):
    monkeypatch.setattr(_boosting, "_ROUNDS", 5)
    flat = table(60)
    response = responses(flat)[2]
    said, _ = BoostedTrees.cross_fit(flat, response, folds_of(60), seed=0)
    monkeypatch.setattr(_boosting, "_threads", lambda cells: 2)
    again, _ = BoostedTrees.cross_fit(flat, response, folds_of(60), seed=0)
    assert np.array_equal(said, again)


@pytest.mark.parametrize("error", [ImportError("none"), OSError("libgomp.so.1: cannot open")])
def test_without_the_library_a_message_says_the_cure(monkeypatch, error):
    load = builtins.__import__

    def broken(name, *args, **kwargs):
        if name == "lightgbm":
            raise error
        return load(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(MissingDependency, match=r"pip install|libgomp1"):
        BoostedTrees.cross_fit(table(), responses(table())[0], folds_of(90), seed=0)


def test_a_fit_of_trees_predicts_without_the_library(monkeypatch):
    flat = table()
    _, model = BoostedTrees.cross_fit(flat, responses(flat)[2], folds_of(90), seed=0)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    again = BoostedTrees.restore(*model.state())
    assert np.array_equal(again.predict(flat), model.predict(flat))


def test_trees_of_wide_views_read_fewer_columns_in_few_rounds():
    draws = np.random.default_rng(0)
    dense = draws.standard_normal((900, 200)).astype(np.float32)
    folds = np.arange(900) % 3

    def fit(response, columns):
        means = TargetMeans.learn(dense[:, :columns], (), np.zeros((900, 1)), folds)
        return Boosting(lightgbm, response, folds, dense[:, :columns], means, 0)

    classes = Response("classes", draws.integers(0, 10, 900), 10)
    wide = fit(classes, 200)
    assert wide.settings["feature_fraction"] * 200 == pytest.approx(96)
    assert wide.rounds * 900 * 96 * 10 <= _boosting._WORK < 400 * 900 * 96 * 10
    assert wide.settings["learning_rate"] == 0.2
    numbers = Response("values", dense[:, :1] * 2)
    for response, columns in ((numbers, 200), (classes, 128)):  # little to learn; narrow
        usual = fit(response, columns)
        assert usual.settings["feature_fraction"] == 0.5
        assert usual.rounds == 400
