"""Thresholds that suit F1: what answers, scores and baselines make of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import torso
from torso.tasks import evaluate_task, fit_baseline
from torso.tasks.multilabel import Logistics, MultilabelTarget
from torso.tasks.multilabel.deciding import f1_thresholds
from torso.training.checkpoint import load_tensors, save_tensors

NAN = np.nan
NAMES = "abcd"


def test_by_hand():
    """Best micro-F1: 0.8 alone, 1.6 / (1 + 1.3). Labels: 1.6 / (1 + 1) and 0.4 / (1 + 0.3). A quarter of the sums."""
    said = np.array([[0.8, 0.2], [0.2, 0.1]])
    expected = [(1.6 / 2.3 + 0.8) / 4, (1.6 / 2.3 + 0.4 / 1.3) / 4]
    np.testing.assert_allclose(f1_thresholds(said), expected, rtol=1e-12)
    one = f1_thresholds(said[:, :1])  # with one label the rule is that of the paper
    np.testing.assert_allclose(one, [0.4], rtol=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 5))
def test_half_of_the_best_f1_is_the_best_threshold(seed, rows, labels):
    """Of the expected counts, as the paper proves; the thresholds lie above 0 and at most at 0.5."""
    said = np.random.default_rng(seed).beta(0.5, 2.0, (rows, labels))
    thresholds = f1_thresholds(said)
    assert ((thresholds > 0) & (thresholds <= 0.5)).all()
    for column in said.T:
        (threshold,) = f1_thresholds(column[:, None])

        def f1(at, column=column):
            chosen = column >= at
            return 2 * column[chosen].sum() / (chosen.sum() + column.sum())

        assert f1(threshold - 1e-9) == pytest.approx(max(map(f1, column)), abs=1e-9)


def test_gaps_are_left_out():
    said = np.random.default_rng(0).random((40, 3))
    gaps = np.concatenate([said, np.full((7, 3), NAN)])
    np.testing.assert_array_equal(f1_thresholds(gaps), f1_thresholds(said))
    never = np.column_stack([said, np.full(40, NAN)])
    assert f1_thresholds(never)[3] == pytest.approx(f1_thresholds(said.reshape(-1, 1))[0])
    assert f1_thresholds(np.full((2, 3), NAN)).tolist() == [0.5] * 3
    assert (f1_thresholds(np.zeros((4, 2))) > 0).all()


def sparse(rows, labels=12, seed=0):
    """Return logits that are calibrated, and labels of which few hold."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(-3.0, 1.2, (rows, labels))
    truth = (draw.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)
    return torch.tensor(logits), torch.tensor(truth)


def judged(head, logits, truth):
    value, details = head.answer(logits)
    learnt = fit_baseline("multilabel", truth.numpy())
    told = {name: detail.numpy() for name, detail in details.items()}
    return evaluate_task(
        "multilabel", value.numpy(), truth.numpy(), learnt, details=told, resamples=0
    )


def test_sixty_held_out_rows_are_enough():
    learnt, probable = Logistics(1, 12).double(), Logistics(1, 12, decide="probable").double()
    for head in (learnt, probable):
        head.calibrate(*sparse(60, seed=1))
    rows = sparse(3000, seed=2)
    new, old = judged(learnt, *rows), judged(probable, *rows)
    for metric in ("micro_f1", "macro_f1"):
        assert new.metrics[metric].value > old.metrics[metric].value + 0.1
    for metric in ("auroc", "average_precision", "log_loss"):
        assert new.metrics[metric].value == old.metrics[metric].value


def test_a_model_that_knows_nothing_is_no_better_than_the_frequencies():
    _, truth = sparse(500)
    shares = truth.mean(dim=0)
    head = Logistics(1, 12).double()
    blind = torch.log(shares / (1 - shares)).expand(truth.shape)
    head.calibrate(blind, truth)
    report = judged(head, blind, truth)
    for metric in ("micro_f1", "macro_f1"):
        assert report.metrics[metric].value == pytest.approx(report.baseline[metric])
    assert report.baseline["micro_f1"] > 0  # at 0.5 it would answer nothing


def test_forgotten_where_calibration_is():
    head = Logistics(1, 12).double()
    logits, truth = sparse(60)
    assert head.details(logits) == {}
    head.calibrate(logits, truth)
    assert head.details(logits)["chosen"].any()
    head.uncalibrate()
    assert head.details(logits) == {}
    head.calibrate(logits, torch.full_like(truth, NAN))
    assert head.details(logits) == {}


def test_the_answer_holds_the_chosen_labels():
    target = MultilabelTarget()
    target.restore({"labels": ["a", "b"], "joined": False})
    said = np.array([[0.4, 0.3]])
    chosen = {"chosen": np.array([[True, False]])}
    assert target.columns("x", said, chosen)["x"].to_pylist() == [["a"]]
    assert target.columns("x", said, {})["x"].to_pylist() == [[]]


def rare(rows=300, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=rows)
    holds = draw.random((rows, 4)) < 1 / (1 + np.exp(2.5 - 2 * x))[:, None]
    labels = [np.array([*NAMES])[row].tolist() for row in holds]
    return pd.DataFrame({"x": x, "labels": labels})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels") / "run"
    tiny = {"training.epochs": 15, "dim": 8, "blend": "off", "folds": 0}
    return torso.fit(rare(), {"labels": "multilabel"}, out=folder, settings=tiny), folder


def test_scores_judge_what_predict_writes(run):
    predictor = run[0]
    table = rare(seed=1)
    answers = predictor.predict(table)
    truth = np.array([[name in cell for name in NAMES] for cell in table["labels"]])
    said = np.array([[name in cell for name in NAMES] for cell in answers["labels"]])
    right = (truth & said).sum(axis=0)
    micro = 2 * right.sum() / (truth.sum() + said.sum())
    report = predictor.evaluate(table)["labels"]
    assert said.any() and report.metrics["micro_f1"].value == pytest.approx(micro)
    chances = answers[[f"labels_probability_{name}" for name in NAMES]].to_numpy()
    assert (said & (chances < 0.5)).any() and not said.all()
    pd.testing.assert_frame_equal(torso.load(run[1]).predict(table), answers)
    alone = [predictor.predict(table.iloc[[row]])["labels"].item() for row in range(10)]
    assert [*map(list, alone)] == [*map(list, answers["labels"][:10])]


def test_a_run_without_thresholds_answers_from_a_half_on(run):
    """As runs of earlier versions do, whose weights lack the buffer."""
    weights = next(run[1].rglob("*.safetensors"))
    tensors = load_tensors(weights)
    kept = {name: value for name, value in tensors.items() if not name.endswith(".threshold")}
    assert len(kept) == len(tensors) - 1
    marker = weights.with_name("torso.json")
    marked = marker.read_text()
    save_tensors(weights, kept)
    marker.write_text('{"torso": "0.1.0", "state": "finished"}')  # nor digests
    table = rare(seed=1)
    try:
        answers = torso.load(run[1]).predict(table)
    finally:
        save_tensors(weights, tensors)
        marker.write_text(marked)
    chances = answers[[f"labels_probability_{name}" for name in NAMES]].to_numpy()
    expected = [np.array([*NAMES])[row >= 0.5].tolist() for row in chances]
    assert [*map(list, answers["labels"])] == expected
