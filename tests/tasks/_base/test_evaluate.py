"""Laws that hold for every kind of target, and the errors at the border."""

import json
import math

import numpy as np
import pytest

from torso.core.errors import ConfigError
from torso.tasks import Scores, TaskReport, evaluate_task, fit_baseline, metrics_of
from torso.tasks._base.example import example_of

KINDS = list(Scores.registry)
APART = [kind for kind in KINDS if not Scores.registry.find(kind).among_rows]
"""Kinds in which a row that is evaluated twice changes nothing for the others."""


def example(kind, rows=120, seed=0, gaps=0.2):
    """Predictions with some signal and truths with gaps, in the form that the kind asks for."""
    return example_of(kind).SCORES.draw(np.random.default_rng(seed), rows, gaps)


def report(kind, prediction, truth, **settings):
    settings = {"resamples": 50} | settings
    return evaluate_task(kind, prediction, truth, fit_baseline(kind, truth), **settings)


def nothing_known(truth):
    return np.full_like(truth, -1 if truth.dtype.kind == "i" else np.nan)


def values(found):
    return {metric: estimate.value for metric, estimate in found.metrics.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_signal_beats_the_baseline(kind):
    found = report(kind, *example(kind, rows=400), resamples=200)
    undefined = {None} if example_of(kind).SCORES.uncompared else set()
    assert {found.verdict(metric) for metric in found.metrics} - undefined == {"better"}
    assert all(e.low < e.value < e.high for e in found.metrics.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_names_its_metrics(kind):
    known = metrics_of(kind)
    of_details = {"log_loss", "coverage", "interval_score", "r2_log"}
    measured = report(kind, *example(kind), resamples=0).metrics
    assert {*measured} <= {*known}
    assert {*known} - {*measured} <= of_details
    assert {*Scores.registry.find(kind).errors} <= {*known}


@pytest.mark.parametrize("kind", KINDS)
def test_the_baseline_does_not_beat_itself(kind):
    prediction, truth = example(kind)
    learnt = fit_baseline(kind, truth)
    guess = Scores.registry.find(kind).guess(learnt, prediction)
    found = evaluate_task(kind, guess, truth, learnt, resamples=100)
    assert values(found) == pytest.approx(found.baseline)
    assert found.verdict() in {"no better", None}
    assert found.baseline.get("auroc", 0.5) == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_rows_does_not_matter(kind):
    prediction, truth = example(kind)
    order = np.random.default_rng(1).permutation(len(truth))
    assert values(report(kind, prediction[order], truth[order])) == pytest.approx(
        values(report(kind, prediction, truth))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_unlabelled_rows_change_only_the_count(kind):
    prediction, truth = example(kind)
    more = np.concatenate([truth, nothing_known(truth)])
    found = report(kind, np.concatenate([prediction, prediction[::-1]]), more)
    plain = report(kind, prediction, truth)
    assert found.rows == 240
    assert found.labels == plain.labels == Scores.registry.find(kind).labelled(truth).sum()
    assert found.metrics == plain.metrics
    assert found.baseline == plain.baseline


@pytest.mark.parametrize("kind", APART)
def test_a_weight_is_a_repetition(kind):
    prediction, truth = example(kind, gaps=0.0)
    guess = Scores.registry.find(kind).guess(fit_baseline(kind, truth), prediction)
    times = np.random.default_rng(2).integers(0, 4, len(truth))
    weighted = Scores.registry.find(kind)(prediction, truth, guess).measure(
        times[None].astype(float)
    )
    again = [np.repeat(a, times, axis=0) for a in (prediction, truth, guess)]
    repeated = Scores.registry.find(kind)(*again).measure(np.ones((1, times.sum())))
    for one, other in zip(weighted, repeated, strict=True):
        assert one.keys() == other.keys()
        for metric in one:
            np.testing.assert_allclose(one[metric], other[metric], rtol=1e-9)


@pytest.mark.parametrize("kind", APART)
def test_copies_in_one_group_add_no_certainty(kind):
    prediction, truth = example(kind, gaps=0.0)
    thrice = [np.repeat(a, 3, axis=0) for a in (prediction, truth)]
    grouped = report(kind, *thrice, groups=np.repeat([f"row {i}" for i in range(120)], 3))
    plain = report(kind, prediction, truth)
    assert (grouped.labels, grouped.groups, plain.groups) == (360, 120, None)
    for metric, one in plain.metrics.items():
        other = grouped.metrics[metric]
        assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high))


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_sets_the_interval_and_nothing_else(kind):
    prediction, truth = example(kind)
    one, same, other = (report(kind, prediction, truth, seed=seed) for seed in (3, 3, 4))
    assert one == same
    assert values(one) == values(other)
    assert one.metrics != other.metrics


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_of_resamples_do_not_change_the_interval(kind, monkeypatch):
    prediction, truth = example(kind)
    whole = report(kind, prediction, truth)
    monkeypatch.setattr("torso.evaluation.bootstrap.CHUNK", 700)
    apart = report(kind, prediction, truth)
    for metric, one in whole.metrics.items():
        assert apart.metrics[metric].low == pytest.approx(one.low)
        assert apart.metrics[metric].high == pytest.approx(one.high)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [0, 5])
def test_no_labels_at_all(kind, rows):
    prediction, truth = (a[:rows] for a in example(kind))
    learnt = fit_baseline(kind, example(kind)[1])
    found = evaluate_task(kind, prediction, nothing_known(truth), learnt)
    assert (found.rows, found.labels) == (rows, 0)
    assert all(math.isnan(estimate.value) for estimate in found.metrics.values())
    assert found.verdict() is None
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["labels"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_has_values_but_no_interval(kind):
    prediction, truth = (a[:1] for a in example(kind, gaps=0.0))
    found = report(kind, prediction, truth)
    assert found.labels == 1
    finite = [math.isfinite(estimate.value) for estimate in found.metrics.values()]
    assert any(finite) or example_of(kind).SCORES.ordered
    assert all(math.isnan(estimate.low) for estimate in found.metrics.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_baseline_of_no_training_labels_is_json_and_works(kind):
    prediction, truth = example(kind)
    learnt = json.loads(json.dumps(fit_baseline(kind, nothing_known(truth)), allow_nan=False))
    assert learnt["labels"] == 0
    found = evaluate_task(kind, prediction, truth, learnt, resamples=20)
    assert math.isfinite(found.metrics[found.headline].value)


@pytest.mark.parametrize("kind", KINDS)
def test_json_round_trip(kind):
    found = report(kind, *example(kind))
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert TaskReport.from_dict(json.loads(text)) == found


@pytest.mark.parametrize("kind", KINDS)
def test_perfect_prediction(kind):
    _, truth = example(kind, gaps=0.0)
    prediction = example_of(kind).SCORES.perfect(truth)
    found = report(kind, prediction, truth)
    for metric, estimate in found.metrics.items():
        best = 1.0 if found.higher_is_better(metric) else 0.0
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
            (best,) * 3, abs=1e-12
        )


@pytest.mark.parametrize("kind", KINDS)
def test_constant_truth_and_huge_values_do_not_warn(kind):
    prediction, truth = example(kind, gaps=0.0)
    truth[:] = truth[0]
    report(kind, prediction, truth)
    if (huge := example_of(kind).SCORES.huge) is not None:
        report(kind, prediction * huge[0], truth * huge[1])


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in KINDS
        if Scores.registry.find(kind).axes[0] == 2 and Scores.registry.find(kind).named
    ],
)
def test_parts_carry_their_names(kind):
    names = ["a", "b", "c", "d"]
    found = report(kind, *example(kind), names=names)
    assert list(found.by_name) == names
    metrics = found.by_name["c"]
    assert all(math.isfinite(estimate.value) for estimate in metrics.values())


def test_unknown_kind_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'category'"):
        evaluate_task("categry", np.ones((1, 2)), np.zeros(1, int), {})


@pytest.mark.parametrize(
    ("kind", "prediction", "truth", "settings", "message"),
    [
        ("category", np.ones(3), np.zeros(3, int), {}, r"\[rows, width\].*Found \(3,\)"),
        ("category", np.ones((3, 2)) / 2, np.zeros(3), {}, "should be int. Found dtype float64"),
        ("binary", np.ones(3), np.zeros(4), {}, r"Found \(3,\) and \(4,\)"),
        ("vector", np.ones((3, 2)), np.zeros((3, 4)), {}, r"Found \(3, 2\) and \(3, 4\)"),
        ("number", np.array([1, np.nan]), np.zeros(2), {}, "in 1 of 2 rows"),
        ("binary", np.array([0.5, 3.0]), np.zeros(2), {}, "from 0.5 to 3.0"),
        ("vector", np.ones((3, 2)), np.ones((3, 2)), {"names": ["a"]}, "2 entries. Found 1"),
        ("number", np.ones(3), np.ones(3), {"groups": np.ones(2)}, "3 rows. Found 2"),
    ],
)
def test_border_errors_say_what_was_found(kind, prediction, truth, settings, message):
    learnt = {"frequencies": [0.5, 0.5], "frequency": 0.5, "mean": 0.0}
    with pytest.raises(ValueError, match=message):
        evaluate_task(kind, prediction, truth, learnt, **settings)


def test_six_tasks_of_two_thousand_rows_are_quick():
    from time import process_time

    rng = np.random.default_rng(0)
    probability = rng.dirichlet(np.ones(16), 2000)
    truth = rng.integers(0, 16, 2000)
    start = process_time()
    for seed in range(6):
        evaluate_task("category", probability, truth, fit_baseline("category", truth), seed=seed)
    assert process_time() - start < 5  # about 1 second; the bound leaves room for a busy machine
