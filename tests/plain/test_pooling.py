"""Pools of statements, and the weights that held-out labels ask for."""

import math

import numpy as np
import pytest

from torso.plain import constant_statement, fit_weights, mean_loss, pool
from torso.tasks import Response


def test_a_pool_of_classes_is_the_mean_of_probabilities():
    said = [np.log([[0.8, 0.2]]), np.log([[0.4, 0.6]])]
    pooled = pool("classes", said, [0.25, 0.75])
    assert np.exp(pooled) == pytest.approx(np.array([[0.5, 0.5]]))


def test_a_pool_of_logits_is_the_mean_of_probabilities():
    said = [np.array([[math.log(0.8 / 0.2)]]), np.array([[math.log(0.4 / 0.6)]])]
    assert pool("binaries", said, [0.5, 0.5]) == pytest.approx(math.log(0.6 / 0.4))


def test_a_pool_of_values_is_their_mean():
    assert pool("values", [np.array([[1.0]]), np.array([[3.0]])], [0.25, 0.75]) == 2.5


@pytest.mark.parametrize("family", ["classes", "binaries", "values"])
def test_one_model_alone_stays_as_it_is(family):
    said = np.log(np.array([[0.7, 0.3], [0.1, 0.9]]))
    assert pool(family, [said], [1.0]) == pytest.approx(said, rel=1e-9)


def test_certain_statements_keep_the_pool_finite():
    said = np.array([[1e4, -1e4]])
    assert np.isfinite(pool("binaries", [said], [1.0])).all()
    assert np.isfinite(pool("classes", [said], [1.0])).all()


def _labels(rows, seed=0):
    draw = np.random.default_rng(seed)
    truth = draw.normal(size=(rows, 1))
    return Response("values", truth.astype(np.float32)), draw


def test_weights_find_the_better_model_with_many_rows():
    labels, draw = _labels(2000)
    good = labels.values + draw.normal(size=(2000, 1)) * 0.5
    bad = labels.values + draw.normal(size=(2000, 1)) * 2.0
    weights = fit_weights(labels, [good, bad], prior=[0.5, 0.5], rows=20)
    # independent errors: weights in inverse ratio to the variances, 16 to 1
    assert weights[0] == pytest.approx(16 / 17, abs=0.02)


def test_weights_stay_near_the_prior_with_few_rows():
    labels, draw = _labels(4)
    good, bad = labels.values + 0.3, labels.values + draw.normal(size=(4, 1))
    weights = fit_weights(labels, [good, bad], prior=[0.5, 0.5], rows=1000)
    assert weights == pytest.approx([0.5, 0.5], abs=0.02)


def test_weights_without_a_label_are_the_prior():
    labels = Response("classes", np.full(5, -1), 2)
    weights = fit_weights(labels, [np.zeros((5, 2))] * 2, prior=[0.3, 0.7], rows=1)
    assert weights == pytest.approx([0.3, 0.7])


def test_noise_loses_to_the_statement_without_inputs():
    draw = np.random.default_rng(1)
    labels = Response("classes", draw.integers(0, 3, 400), 3)
    noise = draw.normal(size=(400, 3)) * 2
    blind = np.broadcast_to(constant_statement(labels), (400, 3))
    weights = fit_weights(labels, [noise, blind], prior=[0.9, 0.1], rows=20)
    assert weights[1] > 0.7


def test_constant_statements_by_hand():
    classes = Response("classes", np.array([0, 0, 1, -1]), 2)
    assert np.exp(constant_statement(classes)) == pytest.approx([2.5 / 4, 1.5 / 4])
    binaries = Response("binaries", np.array([[1, np.nan], [1, 0], [0, np.nan]], np.float32))
    assert 1 / (1 + np.exp(-constant_statement(binaries))) == pytest.approx([2.5 / 4, 0.25])
    values = Response("values", np.array([[1.0], [np.nan], [3.0]], np.float32))
    assert constant_statement(values) == pytest.approx([2.0])


def test_losses_by_hand():
    classes = Response("classes", np.array([0, 1, -1]), 2)
    said = np.log(np.array([[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]]))
    assert mean_loss(classes, said) == pytest.approx(-(math.log(0.5) + math.log(0.75)) / 2)
    values = Response("values", np.array([[1.0], [-1.0]], np.float32))
    assert mean_loss(values, np.zeros((2, 1))) == pytest.approx(
        0.0
    )  # half the log of a mean square
