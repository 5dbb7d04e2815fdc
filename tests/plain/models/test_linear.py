"""The sparse linear model."""

import numpy as np
from scipy.sparse import csr_array

from tests.plain.models.laws import LawsOfPlainModels, folds_of, responses, table
from torso.plain.flat.flat import Flat
from torso.plain.models import SparseLinear, _path
from torso.plain.models._design import Design, inputs_of
from torso.tasks._base.response import Response


class TestSparseLinear(LawsOfPlainModels):
    model = SparseLinear

    def held_out_alone(self, flat, response, folds):
        """Return the statements of the strongest penalty, which is not chosen."""
        before, _path.PENALTIES = _path.PENALTIES, (1e-2,)
        try:
            return self.fit(flat, response, folds)[0]
        finally:
            _path.PENALTIES = before


def test_ridge_equals_its_closed_form(monkeypatch):
    monkeypatch.setattr(_path, "PENALTIES", (0.02,))
    monkeypatch.setattr(_path, "_STEPS", 300)
    monkeypatch.setattr(_path, "_NEAR", 0.0)
    flat, folds = table(60), folds_of(60)
    values = responses(flat)[2].values[:, 1:]
    held_out, model = SparseLinear.cross_fit(flat, Response("values", values), folds, seed=0)
    features = Design.learn(flat).features(flat).toarray().astype(np.float64)

    def closed(rows):
        mean = values[rows].mean()
        own = features[rows]
        left = own.T @ own / len(own) + 0.02 * np.eye(own.shape[1])
        return mean, np.linalg.solve(left, own.T @ (values[rows] - mean) / len(own))

    mean, weights = closed(np.arange(60))
    assert np.allclose(model.predict(flat), features @ weights + mean, atol=1e-4)
    mean, weights = closed(np.flatnonzero(folds != 0))
    own = folds == 0
    assert np.allclose(held_out[own], features[own] @ weights + mean, atol=1e-4)


def test_logistic_regression_has_no_slope_at_its_end(monkeypatch):
    monkeypatch.setattr(_path, "PENALTIES", (0.01,))
    monkeypatch.setattr(_path, "_STEPS", 400)
    monkeypatch.setattr(_path, "_NEAR", 0.0)
    flat, folds = table(60), folds_of(60)
    for response in responses(flat)[:2]:
        _, model = SparseLinear.cross_fit(flat, response, folds, seed=0)
        features = model.design.features(flat).toarray().astype(np.float64)
        said = model.predict(flat)
        if response.family == "classes":
            known = response.values >= 0
            wrong = np.exp(said) - np.eye(3)[response.values]
            slope = features[known].T @ wrong[known] / known.sum() + 0.01 * model.weights
            assert np.abs(slope).max() < 1e-4
        else:
            known = ~np.isnan(response.values)
            wrong = np.where(known, 1 / (1 + np.exp(-said)) - np.nan_to_num(response.values), 0)
            slope = features.T @ wrong / known.sum(axis=0) + 0.01 * model.weights
            assert np.abs(slope).max() < 1e-4


def test_many_rows_need_no_inner_products(monkeypatch):
    flat, folds = table(80), folds_of(80)
    response = responses(flat)[0]
    said, _ = SparseLinear.cross_fit(flat, response, folds, seed=0)
    monkeypatch.setattr("torso.plain.models._design._DENSE_ROWS", 10)
    again, _ = SparseLinear.cross_fit(table(80), response, folds, seed=0)
    assert np.allclose(said, again, atol=1e-3)


def test_tasks_share_their_inputs():
    flat = table()
    rows = np.arange(90)
    assert inputs_of(flat, rows) is inputs_of(flat, np.arange(90))
    assert inputs_of(flat, rows[:50]) is not inputs_of(table(), rows[:50])


def test_columns_for_trees_are_left_out():
    values = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    flat = Flat(values, (), csr_array((40, 0), dtype=np.float32), ("a", "b", "c"), for_trees=(1,))
    assert Design.learn(flat.take(np.arange(20))).columns.tolist() == [0, 2]
    assert Flat.stacked([flat, flat]).for_trees == (1,)
    assert flat.beside(values, ("d", "e", "f")).for_trees == (1,)


def test_a_number_bends_and_a_flag_stays_one_feature():
    values = np.stack([np.arange(64.0), np.arange(64) % 2], axis=1).astype(np.float32)
    flat = Flat(values, (), csr_array((64, 0), dtype=np.float32), ("number", "flag"))
    design = Design.learn(flat)
    assert np.isfinite(design.borders[0]).all()
    assert np.isinf(design.borders[1]).all()
    features = design.features(flat)
    assert np.isclose(np.square(features.data).sum() / 64, 1)
    squares = ((values[:, :1] - 32) / 18) ** 2
    response = Response("values", squares - squares.mean())
    held_out, _ = SparseLinear.cross_fit(flat, response, folds_of(64), seed=0)
    assert np.square(held_out - response.values).mean() < 0.1 * response.values.var()
