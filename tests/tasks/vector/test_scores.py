"""Vector: equal to scikit-learn per dimension, gaps per element, aRRMSE by hand."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk

from torso.tasks import evaluate_task, fit_baseline


def evaluate(value, truth, learnt=None, **settings):
    learnt = fit_baseline("vector", truth) if learnt is None else learnt
    return evaluate_task("vector", value, truth, learnt, **({"resamples": 0} | settings))


def example(rows=200, dims=4, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(rows, dims)) * [1, 10, 100, 1000]
    return truth + rng.normal(size=(rows, dims)) * [0.5, 9, 20, 700], truth


def test_equals_scikit_learn_and_torchmetrics():
    torch = pytest.importorskip("torch")
    tm = pytest.importorskip("torchmetrics.functional.regression")
    value, truth = example()
    found = {name: e.value for name, e in evaluate(value, truth).metrics.items()}
    relative = found.pop("arrmse")
    assert found == pytest.approx(
        {
            "r2": sk.r2_score(truth, value),
            "mae": sk.mean_absolute_error(truth, value),
            "rmse": sk.root_mean_squared_error(truth, value),
        }
    )
    pair = torch.tensor(value), torch.tensor(truth)
    assert found["r2"] == pytest.approx(tm.r2_score(*pair).item())
    roots = tm.mean_squared_error(*pair, squared=False, num_outputs=4)
    assert found["rmse"] == pytest.approx(roots.mean().item())
    assert relative == pytest.approx(
        np.sqrt(1 - sk.r2_score(truth, value, multioutput="raw_values")).mean()
    )


def test_each_dimension_counts_on_the_rows_that_have_it():
    value, truth = example()
    truth[np.random.default_rng(1).random(truth.shape) < 0.4] = np.nan
    truth[:, 3] = np.nan
    truth[:7] = np.nan
    found = evaluate(value, truth, names=list("abcd"))
    assert found.labels == (~np.isnan(truth).all(axis=1)).sum() <= 193
    scores = []
    for at, name in enumerate("abc"):
        rows = ~np.isnan(truth[:, at])
        scores.append(sk.r2_score(truth[rows, at], value[rows, at]))
        assert found.by_name[name]["r2"].value == pytest.approx(scores[-1])
    assert math.isnan(found.by_name["d"]["mae"].value)
    assert found.metrics["r2"].value == pytest.approx(np.mean(scores))


def test_relative_error_by_hand():
    truth = np.array([[0.0, 10.0], [2.0, 30.0]])
    value = np.array([[0.5, 10.0], [2.0, 20.0]])
    found = evaluate(value, truth, {"mean": [1.0, 10.0]})
    # RMSE of the mean: 1 and sqrt(200); ours: sqrt(1/8) and sqrt(50)
    assert found.metrics["arrmse"].value == pytest.approx((math.sqrt(1 / 8) + 1 / 2) / 2)
    assert found.baseline["arrmse"] == pytest.approx(1)
    assert found.higher_is_better("arrmse") is False


def test_a_dimension_without_training_labels_has_no_baseline():
    value, truth = example()
    learnt = fit_baseline("vector", np.where(np.arange(4) == 2, np.nan, truth))
    assert learnt["mean"][2] is None
    found = evaluate(value, truth, learnt, resamples=20)
    assert math.isfinite(found.baseline["r2"])
    assert math.isfinite(found.metrics["arrmse"].low)
