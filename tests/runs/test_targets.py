"""Every kind of target and every head through the whole path: fit, save, load, predict, evaluate, missing labels."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import torso
from tests.small_tables import TINY, write
from tests.small_tables import torso as command
from torso.core.errors import ConfigError
from torso.tasks import Head

KINDS = {
    "grade": {"kind": "ordinal", "order": ["low", "mid", "high"]},
    "visits": {"kind": "count"},
    "weeks": {"kind": "survival", "event": "ended", "horizons": [4, 52]},
    "price": {"kind": "number"},
    "colour": {"kind": "category"},
}
COLUMNS = {
    "grade": ["grade", *(f"grade_probability{end}" for end in ("", "_low", "_mid", "_high"))],
    "visits": ["visits", "visits_spread", "visits_low", "visits_high"],
    "weeks": ["weeks", "weeks_low", "weeks_high", "weeks_survival_4", "weeks_survival_52"],
    "price": ["price", "price_spread", "price_low", "price_high"],
    "colour": ["colour", *(f"colour_probability{end}" for end in ("", "_blue", "_red"))],
}
METRICS = {
    "grade": ["kappa", "mae", "accuracy", "rps", "log_loss"],
    "visits": ["d2", "mae", "rmse", "log_loss", "coverage", "interval_score"],
    "weeks": ["concordance", "log_loss"],
    "price": ["r2", "mae", "rmse", "log_loss", "coverage", "interval_score"],
}
SETTINGS = {**TINY, "training.epochs": 2}
SETTINGS.pop("inputs.size.kind")


def table(rows=60, seed=0):
    """Return a table in which every fifth label of every target is missing."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=rows)
    time = np.exp(2 + 0.5 * hidden) * rng.weibull(2.0, rows)
    until = rng.uniform(2, 20, rows)
    columns = {
        "signal": [*hidden],
        "other": [*rng.normal(size=rows)],
        "ended": [bool(one) for one in time <= until],
        "grade": [["low", "mid", "high"][one] for one in np.digitize(hidden, [-0.5, 0.5])],
        "visits": [int(one) for one in rng.poisson(np.exp(1 + hidden))],
        "weeks": [float(one) for one in np.minimum(time, until)],
        "price": [float(one) for one in 10 + 3 * hidden + rng.normal(size=rows)],
        "colour": [["blue", "red"][int(one > 0)] for one in hidden],
    }
    for place, name in enumerate(KINDS):
        columns[name] = [None if row % 5 == place else one for row, one in enumerate(columns[name])]
    return columns


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("targets") / "run"
    torso.fit(table(), KINDS, out=out, settings=SETTINGS)
    return torso.load(out)


def test_columns_of_the_answers(run):
    answers = run.predict({name: table()[name] for name in ("signal", "other")}, as_arrow=True)
    assert answers.column_names == [name for own in COLUMNS.values() for name in own]
    assert not any(answers[name].null_count for name in answers.column_names)
    assert set(answers["grade"].to_pylist()) <= {"low", "mid", "high"}
    assert answers["visits_low"].type == pa.int64()
    later, sooner = answers["weeks_survival_52"], answers["weeks_survival_4"]
    assert all(
        0 <= one <= two <= 1 for one, two in zip(later.to_pylist(), sooner.to_pylist(), strict=True)
    )


def test_metrics_have_baselines(run):
    new = table(rows=200, seed=1)
    for where in (run.reports, run.evaluate(new, resamples=20)):
        for task, metrics in METRICS.items():
            report = where[task]
            assert list(report.metrics) == metrics
            assert all(math.isfinite(report.baseline[metric]) for metric in metrics)
    assert {task: report.labels for task, report in where.items()} == dict.fromkeys(KINDS, 160)
    assert where["price"].promised == {"coverage": (0.9, 0.9)}
    assert where["visits"].promised == {"coverage": (0.9, 1.0)}


def test_evaluation_in_pieces_is_evaluation_at_once(run, monkeypatch):
    new = table(rows=200, seed=1)
    whole = run.evaluate(new, resamples=0)
    monkeypatch.setattr("torso.runs.predicting.answering.PIECE", 30)
    for task, report in run.evaluate(new, resamples=0).items():
        for metric, estimate in report.metrics.items():
            assert estimate.value == pytest.approx(whole[task].metrics[metric].value, abs=1e-6)


def test_the_event_is_no_input_and_need_not_be_known_to_predict(run):
    assert list(run.schema.inputs) == ["signal", "other"]
    only_times = {name: cells for name, cells in table().items() if name != "ended"}
    assert run.evaluate(only_times, resamples=0)["weeks"].labels == 0
    with pytest.raises(ConfigError, match="'ended' is a part of the target 'weeks'"):
        torso.fit(table(), KINDS, inputs=["signal", "ended"], settings=SETTINGS)


@pytest.mark.parametrize(
    "name", [n for n in Head.registry if n.split("/")[0] in ("number", "count", "survival")]
)
def test_every_head_of_a_kind_end_to_end(name):
    kind, part = name.split("/")
    task = next(task for task, spec in KINDS.items() if spec["kind"] == kind)
    run = torso.fit(table(), {task: KINDS[task]}, settings={**SETTINGS, f"heads.{task}": part})
    report = run.reports[task]
    assert math.isfinite(report.metrics[report.headline].value)
    assert ("log_loss" in report.metrics) == (part != "quantiles")
    assert ("coverage" in report.metrics) == (kind != "survival")
    answers = run.predict(table(), as_arrow=True)
    values = [answers[f"{task}{end}"].to_numpy() for end in ("_low", "", "_high")]
    assert all(np.isfinite(one).all() for one in values)


def test_a_missing_label_adds_nothing_to_its_task():
    """What stands beside a missing part of a label changes no weight."""
    one, other = table(), table()
    rows = [row for row, cell in enumerate(one["weeks"]) if cell is None]
    for row in rows:
        other["ended"][row] = not other["ended"][row]
    fits = [torso.fit(columns, KINDS, settings=SETTINGS) for columns in (one, other)]
    first, second = (fit.model.state_dict() for fit in fits)
    assert all(first[name].equal(second[name]) for name in first)


def test_weights_smoothing_and_focal_change_the_training():
    def fitted(**head):
        settings = {**SETTINGS, "training.epochs": 5, "heads.colour": {"type": "softmax", **head}}
        return torso.fit(table(), {"colour": "category"}, settings=settings)

    def red(run):
        return run.predict(table(), as_arrow=True)["colour_probability_red"].to_numpy().mean()

    plain, heavy = fitted(), fitted(weights={"red": 5.0})
    assert heavy.config.heads["colour"]["weights"] == {"red": 5.0}
    assert red(heavy) > red(plain) + 0.05
    weights = [run.model.state_dict() for run in (plain, fitted(smoothing=0.1), fitted(focal=1.0))]
    for other in weights[1:]:
        assert not all(other[name].equal(value) for name, value in weights[0].items())


def test_the_command_line_says_kinds_by_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.csv", table())
    settings = {
        **SETTINGS,
        "targets.grade.kind": "ordinal",
        "targets.grade.order": "[low, mid, high]",
        "targets.visits.kind": "count",
        "targets.weeks.kind": "survival",
        "targets.weeks.event": "ended",
    }
    said = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    targets = ["-t", "grade", "-t", "visits", "-t", "weeks"]
    assert command("inspect", "t.csv", *targets, *said[-10:]) == 0
    assert command("fit", "t.csv", *targets, "-o", "run", *said) == 0
    assert command("evaluate", "run", "t.csv", "-o", "found.json") == 0
    assert command("predict", "run", "t.csv", "-o", "answers.csv") == 0
    assert list(pd.read_csv("answers.csv"))[-3:] == COLUMNS["weeks"][:3]


def test_kinds_that_are_asked_for_are_never_guessed():
    columns = table()
    columns["grade"] = [None if one is None else len(one) for one in columns["grade"]]
    named = {"grade": {}, "visits": {}, "weeks": {}}
    run = torso.fit(columns, named, settings=SETTINGS)
    kinds = {name: spec["kind"] for name, spec in run.config.targets.items()}
    assert kinds == {"grade": "binary", "visits": "number", "weeks": "number"}
    assert "ended" in run.config.inputs
