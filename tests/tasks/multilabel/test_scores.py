"""Multilabel: equal to scikit-learn and torchmetrics, gaps per label, labels that never occur."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk

from torso.tasks import evaluate_task, fit_baseline


def evaluate(probability, truth, learnt=None, **settings):
    learnt = fit_baseline("multilabel", truth) if learnt is None else learnt
    return evaluate_task("multilabel", probability, truth, learnt, **({"resamples": 0} | settings))


def example(rows=250, labels=4, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random((rows, labels)) < [0.1, 0.3, 0.5, 0.8]).astype(float)
    noisy = 2 * truth - 1 + rng.normal(size=truth.shape)
    return np.round(1 / (1 + np.exp(-noisy)), 2), truth


def test_equals_scikit_learn():
    probability, truth = example()
    found = {name: e.value for name, e in evaluate(probability, truth).metrics.items()}
    chosen = probability > 0.5
    losses = [sk.log_loss(truth[:, k], probability[:, k]) for k in range(4)]
    assert found == pytest.approx(
        {
            "macro_f1": sk.f1_score(truth, chosen, average="macro"),
            "micro_f1": sk.f1_score(truth, chosen, average="micro"),
            "auroc": sk.roc_auc_score(truth, probability, average="macro"),
            "average_precision": sk.average_precision_score(truth, probability, average="macro"),
            "log_loss": np.mean(losses),
        }
    )


def test_equals_torchmetrics():
    torch = pytest.importorskip("torch")
    tm = pytest.importorskip("torchmetrics.functional.classification")
    probability, truth = example(seed=1)
    found = evaluate(probability, truth).metrics
    pair = torch.tensor(probability), torch.tensor(truth).long()
    for metric, oracle, settings in [
        ("macro_f1", tm.multilabel_f1_score, {"average": "macro"}),
        ("micro_f1", tm.multilabel_f1_score, {"average": "micro"}),
        ("auroc", tm.multilabel_auroc, {}),
        ("average_precision", tm.multilabel_average_precision, {}),
    ]:
        assert found[metric].value == pytest.approx(oracle(*pair, 4, **settings).item()), metric


def test_by_hand():
    probability = np.array([[0.9, 0.9], [0.8, 0.1], [0.1, 0.1]])
    truth = np.array([[1.0, 1.0], [0.0, np.nan], [1.0, 0.0]])
    found = evaluate(probability, truth, names=["x", "y"])
    assert found.by_name["x"]["f1"].value == 0.5  # 1 right of 2 said and 2 true
    assert found.metrics["macro_f1"].value == 0.75
    assert found.metrics["micro_f1"].value == pytest.approx(2 * 2 / (3 + 3))
    assert found.by_name["y"]["log_loss"].value == pytest.approx(-math.log(0.9))


def test_each_label_counts_on_the_rows_that_have_it():
    probability, truth = example()
    truth[np.random.default_rng(1).random(truth.shape) < 0.4] = np.nan
    found = evaluate(probability, truth)
    for at in range(4):
        rows = ~np.isnan(truth[:, at])
        part, pair = found.by_name[str(at)], (truth[rows, at], probability[rows, at])
        assert part["auroc"].value == pytest.approx(sk.roc_auc_score(*pair))
        assert part["average_precision"].value == pytest.approx(sk.average_precision_score(*pair))
        assert part["log_loss"].value == pytest.approx(sk.log_loss(*pair))


def test_a_label_neither_said_nor_true_is_left_out_of_macro_f1():
    probability, truth = example()
    probability[:, 0], truth[:, 0] = 0.1, 0.0
    expected = sk.f1_score(truth, probability > 0.5, average="macro", zero_division=np.nan)
    found = evaluate(probability, truth, resamples=20)
    assert found.metrics["macro_f1"].value == pytest.approx(expected)
    assert math.isnan(found.by_name["0"]["auroc"].value)
    assert math.isfinite(found.metrics["auroc"].low)


def test_baseline_says_the_frequency_of_each_label():
    learnt = fit_baseline("multilabel", np.array([[1.0, np.nan], [0.0, np.nan], [1.0, np.nan]]))
    assert learnt == {"frequencies": [pytest.approx(2 / 3), None], "labels": 3}
    found = evaluate(np.full((2, 2), 0.5), np.array([[1.0, 1.0], [1.0, 0.0]]), learnt).baseline
    assert found["log_loss"] == pytest.approx((-math.log(2 / 3) + math.log(2)) / 2)
