"""A number as a target whose labels have a heavy tail: the logarithm is learnt, answers are in the user's unit."""

import numpy as np
import pyarrow as pa
import pytest

import torso
from torso.columns.reading import Reading
from torso.tables.table import Column
from torso.tasks import (
    HEAVY_TAIL,
    Answered,
    Details,
    compare_tasks,
    evaluate_task,
    fit_baseline,
)
from torso.tasks.number.target import NumberTarget


def column(values, name="price"):
    return Column(name, pa.array(values), "t.csv")


def money(rows=200, seed=0):
    return np.random.default_rng(seed).lognormal(4, 1.5, rows)


def fitted(labels, **settings):
    target = NumberTarget(**settings)
    target.fit(column(labels))
    return target


def test_what_is_chosen_is_said_and_stored():
    target = fitted(money())
    assert target.chosen() == {"transform": "log"}
    (note,) = target.notes
    assert note.startswith(HEAVY_TAIL) and "--set targets.price.transform=none" in note
    again = NumberTarget()
    again.restore(target.state())
    assert again.state() == target.state() and again.chosen() == target.chosen()


@pytest.mark.parametrize("transform", ["none", "log"])
def test_what_is_asked_for_is_no_news(transform):
    for labels in (money(), np.arange(100.0) + 1):
        target = fitted(labels, transform=transform)
        assert target.chosen() == {"transform": transform} and not target.notes


def test_other_labels_are_as_they_were():
    target = fitted(np.arange(100.0))
    old = {"mean": 49.5, "std": target.std}  # of the first version
    target.restore(old)
    assert target.chosen() == {"transform": "none"} and target.judged_by() == {}
    assert target.encode(column([3.0]), Reading()) == pytest.approx([3.0])
    with pytest.raises(ValueError, match="transform"):
        NumberTarget(transform="square")


def test_labels_and_answers_in_the_users_unit():
    target = fitted(money())
    labels = np.array([1.0, 50.0, 9000.0])
    encoded = target.encode(column([*labels, None]), Reading())
    assert encoded.dtype == np.float32
    assert target.compared(encoded)[:3] == pytest.approx(labels, rel=1e-5)
    labels = np.array([20.0, 50.0, 300.0])
    encoded = target.encode(column([*labels]), Reading())
    logs, spread = np.log(labels), np.full(3, 0.5)
    details = {"spread": spread, "low": logs - 1, "high": logs + 1, "log_loss": np.ones(3)}
    compared = target.compared_details(details, encoded[:3])
    assert compared["low"] == pytest.approx(labels / np.e)
    assert compared["log_loss"] == pytest.approx(1 + logs, rel=1e-5)
    columns = target.columns("price", logs, {k: v for k, v in details.items() if k != "log_loss"})
    assert columns["price"].to_numpy() == pytest.approx(labels)
    assert columns["price_high"].to_numpy() == pytest.approx(labels * np.e)
    assert columns["price_spread"].to_numpy() == pytest.approx(labels * np.sinh(0.5))


def test_answers_stay_near_the_labels_of_the_training_rows():
    known = money()
    target = fitted(known)
    far = target.compared_answers(np.array([-50.0, 50.0]))
    beyond = np.exp(0.5 * np.log(known).std())
    assert far == pytest.approx([known.min() / beyond, known.max() * beyond])
    written = target.columns("price", np.array([-50.0, 50.0]), {})["price"].to_numpy()
    assert written == pytest.approx(far)
    assert target.compared(np.array([20.0])) == pytest.approx([np.exp(20.0)])  # a truth is as it is


def test_a_label_without_a_logarithm_is_missing_and_reported():
    target, reading = fitted(money()), Reading()
    assert np.isnan(target.encode(column([-5.0]), reading)).all()
    (skipped,) = reading.log.skipped
    assert "targets.price.transform" in skipped.reason


def test_the_headline_cannot_be_ruined_by_a_single_label():
    truth = money()
    facts = fitted(truth).judged_by()
    learnt = fit_baseline("number", truth, facts=facts)
    answers = truth * np.exp(np.random.default_rng(1).normal(0, 0.3, len(truth)))
    before = evaluate_task("number", answers, truth, learnt, resamples=0)
    assert before.headline == "r2_log" and before.baseline["r2_log"] == pytest.approx(0)
    told = [Answered(values, Details({}, 0.9)) for values in (answers, truth)]
    assert compare_tasks("number", told, truth, learnt).metric == "r2_log"
    truth, answers = np.append(truth, 1e6), np.append(answers, 1e4)
    after = evaluate_task("number", answers, truth, learnt, resamples=0)
    logs = np.log(truth)
    expected = 1 - ((np.log(answers) - logs) ** 2).sum() / ((logs - logs.mean()) ** 2).sum()
    assert after.metrics["r2_log"].value == pytest.approx(expected, abs=0.01)
    assert after.metrics["r2_log"].value > 0.8 > 0.1 > after.metrics["r2"].value


@pytest.mark.parametrize("head", ["gaussian", "student", "quantiles"])
def test_a_run(head, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    table = {"x": x, "price": np.exp(4 + 1.3 * x + 0.3 * rng.normal(size=300))}
    settings = {"training.epochs": 8, "heads.price": head, "dim": 32, "inputs": {"x": "number"}}
    run = torso.fit(table, ["price"], settings=settings, out=tmp_path / "run")
    assert run.config.targets["price"]["transform"] == "log"
    assert sum(HEAVY_TAIL in note for note in run.report.notes) == 1
    report = run.reports["price"]
    assert report.metrics["r2_log"].value > 0.5 and report.metrics["coverage"].value > 0.7
    again = torso.load(tmp_path / "run")
    answers = again.predict(table)
    assert answers.equals(run.predict(table))
    low, value, high = (np.array(answers[f"price{name}"]) for name in ("_low", "", "_high"))
    assert (low > 0).all() and (low <= value).all() and (value <= high).all()
    if head != "quantiles":  # densities in one unit may be compared
        plain = torso.fit(
            table, ["price"], settings={**settings, "targets.price.transform": "none"}
        )
        assert plain.reports["price"].headline == "r2"
        ours, theirs = (r.reports["price"].metrics["log_loss"].value for r in (run, plain))
        assert ours < theirs
