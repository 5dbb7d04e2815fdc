"""Number: equal to scikit-learn and torchmetrics, one case by hand, constants."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk

from torso.tasks import evaluate_task, fit_baseline


def evaluate(value, truth, learnt=None, **settings):
    learnt = fit_baseline("number", truth) if learnt is None else learnt
    return evaluate_task("number", value, truth, learnt, **({"resamples": 0} | settings))


def example(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    truth = 40 + 12 * rng.normal(size=rows)
    return truth + 5 * rng.normal(size=rows), truth


def test_equals_scikit_learn_and_torchmetrics():
    torch = pytest.importorskip("torch")
    tm = pytest.importorskip("torchmetrics.functional.regression")
    value, truth = example()
    found = {name: e.value for name, e in evaluate(value, truth).metrics.items()}
    assert found == pytest.approx(
        {
            "r2": sk.r2_score(truth, value),
            "mae": sk.mean_absolute_error(truth, value),
            "rmse": sk.root_mean_squared_error(truth, value),
        }
    )
    pair = torch.tensor(value), torch.tensor(truth)
    assert found == pytest.approx(
        {
            "r2": tm.r2_score(*pair).item(),
            "mae": tm.mean_absolute_error(*pair).item(),
            "rmse": tm.mean_squared_error(*pair, squared=False).item(),
        }
    )


def test_by_hand():
    found = evaluate(np.array([1.0, 2, 5]), np.array([1.0, 3, 5])).metrics
    assert found["mae"].value == pytest.approx(1 / 3)
    assert found["rmse"].value == pytest.approx(math.sqrt(1 / 3))
    assert found["r2"].value == pytest.approx(1 - 1 / 8)


def test_baseline_is_the_training_mean_on_the_test_rows():
    found = evaluate(np.array([4.0, 6]), np.array([4.0, 6]), {"mean": 3.0}).baseline
    assert found == pytest.approx({"r2": 1 - 10 / 2, "mae": 2, "rmse": math.sqrt(5)})


def test_constant_truth_leaves_r2_undefined():
    found = evaluate(np.array([1.0, 2, 3]), np.full(3, 0.1), resamples=20)
    assert math.isnan(found.metrics["r2"].value)
    assert found.verdict() is None
    assert math.isfinite(found.metrics["mae"].low)


def test_float32_labels_are_averaged_in_float64():
    truth = np.full(100_000, 16_777_217, np.float32) + np.float32(2)
    assert fit_baseline("number", truth)["mean"] == float(truth[0])
