"""Category: equal to scikit-learn and torchmetrics, one case by hand, and the classes that are not there."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk

from torso.tasks import evaluate_task, fit_baseline


def evaluate(probability, truth, learnt=None, **settings):
    learnt = fit_baseline("category", truth) if learnt is None else learnt
    return evaluate_task("category", probability, truth, learnt, **({"resamples": 0} | settings))


def example(rows=300, classes=5, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, rows, p=np.arange(1, classes + 1) / (classes * (classes + 1) / 2))
    scores = rng.normal(size=(rows, classes)) + 1.5 * np.eye(classes)[truth]
    probability = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    probability = np.round(probability, 2) + 0.001  # rounding makes ties
    return probability / probability.sum(axis=1, keepdims=True), truth


def test_equals_scikit_learn():
    probability, truth = example()
    found = {name: e.value for name, e in evaluate(probability, truth).metrics.items()}
    chosen = probability.argmax(axis=1)
    ranked = [(truth == k, probability[:, k]) for k in range(5)]
    assert found == pytest.approx(
        {
            "accuracy": sk.accuracy_score(truth, chosen),
            "macro_f1": sk.f1_score(truth, chosen, average="macro"),
            "auroc": sk.roc_auc_score(truth, probability, multi_class="ovr", average="macro"),
            "average_precision": np.mean([sk.average_precision_score(*pair) for pair in ranked]),
            "log_loss": sk.log_loss(truth, probability),
        }
    )


def test_equals_torchmetrics():
    torch = pytest.importorskip("torch")
    tm = pytest.importorskip("torchmetrics.functional.classification")
    probability, truth = example(seed=1)
    found = evaluate(probability, truth).metrics
    pair = torch.tensor(probability), torch.tensor(truth)
    assert found["accuracy"].value == pytest.approx(
        tm.multiclass_accuracy(*pair, 5, average="micro").item()
    )
    assert found["macro_f1"].value == pytest.approx(tm.multiclass_f1_score(*pair, 5).item())
    assert found["auroc"].value == pytest.approx(tm.multiclass_auroc(*pair, 5).item())
    assert found["average_precision"].value == pytest.approx(
        tm.multiclass_average_precision(*pair, 5).item()
    )


def test_by_hand():
    probability = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
    found = evaluate(probability, np.array([0, 1, 1, 2]), names=["a", "b", "c"])
    assert found.metrics["accuracy"].value == 3 / 4
    assert found.by_name["a"]["f1"].value == pytest.approx(2 / 3)  # 1 right of 2 chosen and 1 true
    assert found.by_name["c"]["f1"].value == 1
    assert found.metrics["macro_f1"].value == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert found.metrics["log_loss"].value == pytest.approx(-math.log(0.7 * 0.3 * 0.6 * 0.6) / 4)


def test_majority_comes_from_the_training_rows():
    learnt = fit_baseline("category", np.array([1, 1, 1, 0, -1, -1]), names=["a", "b", "c"])
    assert learnt == {"frequencies": [0.25, 0.75, 0.0], "labels": 4}
    found = evaluate(np.eye(3)[[0, 0, 0, 1]], np.array([0, 0, 0, 1]), learnt)
    assert found.baseline["accuracy"] == 1 / 4
    assert found.baseline["auroc"] == 0.5
    assert found.baseline["log_loss"] == pytest.approx(-(3 * math.log(0.25) + math.log(0.75)) / 4)


def test_averages_go_over_the_classes_that_occur():
    probability, truth = example()
    some = truth < 3
    wide = evaluate(probability[some], truth[some], fit_baseline("category", truth))
    areas = [sk.roc_auc_score(truth[some] == k, probability[some, k]) for k in range(3)]
    assert wide.metrics["auroc"].value == pytest.approx(np.mean(areas))
    chosen = probability[some].argmax(axis=1)
    assert wide.metrics["macro_f1"].value == pytest.approx(
        sk.f1_score(truth[some], chosen, average="macro")
    )
    assert math.isnan(wide.by_name["4"]["auroc"].value)


def test_one_class_leaves_auroc_undefined():
    found = evaluate(example()[0], np.full(300, 2), resamples=20)
    assert math.isnan(found.metrics["auroc"].value)
    assert found.verdict("auroc") is None
    assert math.isfinite(found.metrics["accuracy"].low)


def test_a_class_that_the_model_never_learnt_is_an_error_of_the_model():
    probability = np.array([[0.9, 0.1], [0.2, 0.8], [1.0, 0.0]])
    found = evaluate(probability, np.array([0, 1, 2]), {"frequencies": [0.5, 0.5]}, resamples=20)
    assert found.metrics["accuracy"].value == pytest.approx(2 / 3)
    assert found.metrics["macro_f1"].value == pytest.approx(
        sk.f1_score([0, 1, 2], [0, 1, 0], average="macro")
    )
    assert found.metrics["log_loss"].value == pytest.approx((-math.log(0.9 * 0.8) + 15.9424) / 3)
    assert found.baseline["accuracy"] == pytest.approx(1 / 3)


def test_certain_and_wrong_stays_finite():
    found = evaluate(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), np.array([1, 1]))
    assert found.metrics["log_loss"].value == pytest.approx(15.9424 / 2)
