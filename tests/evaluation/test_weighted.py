"""The shared arithmetic: undefined is NaN, ties are one threshold, sums far from zero keep their digits."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, r2_score, roc_auc_score

from torso.evaluation.weighted import Ranking, Residuals, f1, mean_defined, ratio, surprise


def test_undefined_is_nan_and_left_out_of_means():
    np.testing.assert_equal(ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0])), [0.5, np.nan])
    nan = np.nan
    np.testing.assert_equal(mean_defined(np.array([[1, nan, 3], [nan, nan, nan]])), [2, nan])
    np.testing.assert_equal(f1(*np.array([[1.0, 0, 0], [2, 1, 0], [2, 0, 0]])), [0.5, 0, nan])


def test_log_loss_is_clipped_where_float32_reaches_0_and_1():
    assert surprise(np.array([0.0, 0.5, 1.0])) == pytest.approx([15.9424, np.log(2), 0.0])


@pytest.mark.parametrize("seed", range(20))
def test_ranking_equals_scikit_learn_with_ties_and_weights(seed):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, rng.integers(2, 30), 60) / 7
    positive = rng.random(60) < rng.choice([0.05, 0.5, 0.95])
    positive[:2] = True, False
    weights = rng.integers(0, 3, 60).astype(float)
    weights[:2] = 1
    area, precision = Ranking(score, positive).measure(weights[None])
    assert area[0] == pytest.approx(roc_auc_score(positive, score, sample_weight=weights))
    assert precision[0] == pytest.approx(
        average_precision_score(positive, score, sample_weight=weights)
    )


def test_ranking_on_some_of_the_rows():
    score, positive = np.array([0.9, 0.1, 0.8]), np.array([True, False, False])
    area, _ = Ranking(score, positive, np.array([1, 3, 4])).measure(np.array([[9.0, 1, 9, 1, 0]]))
    assert area == [1.0]


@pytest.mark.parametrize("positive", [[True, True], [False, False], []])
def test_ranking_of_one_class_is_undefined(positive):
    score = np.linspace(0, 1, len(positive))
    area, _ = Ranking(score, np.array(positive, bool)).measure(np.ones((3, len(positive))))
    assert np.isnan(area).all()


def test_r2_keeps_its_digits_far_from_zero():
    rng = np.random.default_rng(0)
    truth = 1.7e9 + rng.normal(size=(500, 1))  # seconds since 1970
    prediction = truth + 0.3 * rng.normal(size=(500, 1))
    found = Residuals(prediction, truth).measure(np.ones((1, 500)))
    assert found["r2"][0, 0] == pytest.approx(r2_score(truth, prediction), abs=1e-9)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9 + 0.1, -1e-20])
def test_r2_of_a_constant_is_undefined(constant):
    found = Residuals(np.arange(7.0)[:, None], np.full((7, 1), constant)).measure(np.ones((1, 7)))
    assert np.isnan(found["r2"]).all()
    assert np.isfinite(found["mae"]).all()


def test_r2_of_a_resample_that_is_constant_is_undefined():
    truth = np.array([[0.1], [0.7], [0.3]])
    found = Residuals(truth + 1, truth).measure(np.array([[3.0, 0, 0], [0, 3, 0], [1, 1, 1]]))
    assert np.isnan(found["r2"][:, 0]).tolist() == [True, True, False]
