"""Binary: equal to scikit-learn and torchmetrics, one case by hand, one label only."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk

from torso.tasks import evaluate_task, fit_baseline


def evaluate(probability, truth, learnt=None, **settings):
    learnt = fit_baseline("binary", truth) if learnt is None else learnt
    return evaluate_task("binary", probability, truth, learnt, **({"resamples": 0} | settings))


def example(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random(rows) < 0.3).astype(float)
    return np.round(1 / (1 + np.exp(-(2 * truth - 1 + rng.normal(size=rows)))), 2), truth


def test_equals_scikit_learn():
    probability, truth = example()
    found = {name: e.value for name, e in evaluate(probability, truth).metrics.items()}
    chosen = (probability > 0.5).astype(float)
    assert found == pytest.approx(
        {
            "accuracy": sk.accuracy_score(truth, chosen),
            "f1": sk.f1_score(truth, chosen),
            "macro_f1": sk.f1_score(truth, chosen, average="macro"),
            "auroc": sk.roc_auc_score(truth, probability),
            "average_precision": sk.average_precision_score(truth, probability),
            "log_loss": sk.log_loss(truth, probability),
        }
    )


def test_equals_torchmetrics():
    torch = pytest.importorskip("torch")
    tm = pytest.importorskip("torchmetrics.functional.classification")
    probability, truth = example(seed=1)
    found = evaluate(probability, truth).metrics
    pair = torch.tensor(probability), torch.tensor(truth).long()
    for metric, oracle in {
        "accuracy": tm.binary_accuracy,
        "f1": tm.binary_f1_score,
        "auroc": tm.binary_auroc,
        "average_precision": tm.binary_average_precision,
    }.items():
        assert found[metric].value == pytest.approx(oracle(*pair).item()), metric


def test_by_hand():
    found = evaluate(np.array([0.9, 0.4, 0.6, 0.2]), np.array([1.0, 1, 0, 0])).metrics
    assert found["accuracy"].value == 0.5
    assert found["f1"].value == 0.5
    assert found["auroc"].value == 3 / 4  # of four pairs only (0.4, 0.6) is the wrong way round
    assert found["average_precision"].value == pytest.approx((1 + 2 / 3) / 2)
    assert found["log_loss"].value == pytest.approx(-math.log(0.9 * 0.4 * 0.4 * 0.8) / 4)


def test_baseline_says_the_frequency():
    learnt = fit_baseline("binary", np.array([1.0, 0, 0, 0, np.nan]))
    assert learnt == {"frequency": 0.25, "labels": 4}
    found = evaluate(*example(), learnt).baseline
    truth = example()[1]
    assert found["accuracy"] == pytest.approx(1 - truth.mean())
    assert found["f1"] == 0
    assert found["auroc"] == 0.5
    assert found["average_precision"] == pytest.approx(truth.mean())


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_label_only(label):
    found = evaluate(np.array([0.1, 0.2, 0.3]), np.full(3, label), resamples=20).metrics
    assert math.isnan(found["auroc"].value)
    assert math.isnan(found["average_precision"].value) == (label == 0)
    assert math.isnan(found["f1"].value) == (label == 0)  # no yes, said or true
    assert found["macro_f1"].value == 1 - label
