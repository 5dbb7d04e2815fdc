"""Runs that answer by thresholds: chosen on held-out rows, stored, shown, used everywhere, and set by hand."""

import json
import shlex

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

import torso
from tests.small_tables import torso as command
from torso.core.errors import ConfigError

TINY = {"training.epochs": 6, "dim": 8, "folds": 0, "blend": "auto", "plain.models": ["linear"]}
KINDS = {
    "spam": {"kind": "binary", "positive": "spam"},
    "grade": {"kind": "category"},
    "tags": {"kind": "multilabel", "delimiter": "|"},
}
BY = {"spam": "f1", "grade": "balanced_accuracy", "tags": "macro_f1"}


def mails(rows: int = 500) -> pa.Table:
    draw = np.random.default_rng(0)
    x, z = draw.normal(size=(2, rows))
    rare = draw.random(rows) < 1 / (1 + np.exp(-(1.5 * x - 2.5)))
    noise = draw.normal(size=(2, rows))
    steps = np.select([x + noise[0] > 1.6, z + noise[1] > 1.3], [2, 1], 0)
    tags = [
        "|".join(["base"] + ["hot"] * int(a) + ["wet"] * int(b))
        for a, b in zip(x > 1, z > 1, strict=True)
    ]
    return pa.table(
        {
            "x": x,
            "z": z,
            "spam": np.where(rare, "spam", "ham"),
            "grade": np.array(list("abc"))[steps],
            "tags": tags,
        }
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs that differ in their decisions alone, and the table."""
    folder = tmp_path_factory.mktemp("decided") / "run"
    chosen = {task: {**own, "decide_by": BY[task]} for task, own in KINDS.items()}
    table = mails()
    plain = torso.fit(table, KINDS, settings=TINY, progress=False)
    return plain, torso.fit(table, chosen, settings=TINY, out=folder, progress=False), table


def probabilities(answers: pa.Table) -> pa.Table:
    return answers.select([name for name in answers.column_names if "_probability_" in name])


def test_answers_change_and_probabilities_do_not(runs):
    plain, decided, table = runs
    before, after = (run.predict(table, as_arrow=True) for run in (plain, decided))
    assert probabilities(before).equals(probabilities(after))
    threshold = decided.decisions["spam"].thresholds["spam"]
    said = after["spam_probability_spam"].to_numpy()
    assert np.array_equal(after["spam"].to_numpy() == "spam", said >= threshold)
    assert threshold < 0.4
    assert (after["grade"].to_numpy() == "c").sum() > (before["grade"].to_numpy() == "c").sum()
    own = [after[f"grade_probability_{name}"].to_numpy() for name in "abc"]
    chosen = np.stack(own, axis=1)[np.arange(len(said)), np.searchsorted([*"abc"], after["grade"])]
    assert after["grade_probability"].to_numpy() == pytest.approx(chosen)


def test_the_report_says_metric_thresholds_and_gain(runs):
    _, decided, table = runs
    report = decided.report
    for task, metric in BY.items():
        decision = report.decisions[task]
        assert (decision.metric, decision.chosen) == (metric, True)
        assert decision.after == pytest.approx(report.tasks[task].metrics[metric].value)
        assert decision.gain.value == pytest.approx(decision.after - decision.before)
        assert decision.gain.low <= decision.gain.value <= decision.gain.high
    assert report.decisions["spam"].gain.value > 0.05
    assert report.decisions["grade"].gain.low > 0
    assert "spam: thresholds chosen for F1: spam 0." in repr(decided)
    assert "grade: thresholds chosen for balanced accuracy: a 0." in decided._repr_html_()
    positives = np.mean(table["spam"].to_numpy() == "spam")
    assert decided.evaluate(table, resamples=0)["spam"].baseline["f1"] == pytest.approx(
        2 * positives / (1 + positives)  # always yes; accuracy is still the majority's
    )
    assert decided.evaluate(table, resamples=0)["spam"].baseline["accuracy"] == 1 - positives


def test_a_loaded_run_and_evaluate_go_by_them(runs):
    plain, decided, table = runs
    loaded = torso.load(decided.folder)
    assert loaded.decisions == decided.decisions
    assert loaded.report.decisions == decided.report.decisions
    assert loaded.predict(table, as_arrow=True).equals(decided.predict(table, as_arrow=True))
    by_hand = plain.with_threshold(
        {task: own.thresholds for task, own in decided.decisions.items()}
    )
    for task, metric in {"spam": "f1", "grade": "macro_f1", "tags": "macro_f1"}.items():
        scores = [
            run.evaluate(table, resamples=0)[task].metrics[metric].value
            for run in (by_hand, loaded)
        ]
        assert scores[0] == scores[1]
    assert "spam: thresholds chosen" not in repr(by_hand)
    assert "spam: thresholds set by hand: spam 0." in repr(by_hand)
    back = loaded.with_threshold(dict.fromkeys(BY))
    assert back.predict(table, as_arrow=True).equals(plain.predict(table, as_arrow=True))


def test_the_command_line_shows_and_sets_them(runs, tmp_path, capsys):
    _, decided, table = runs
    csv.write_csv(table, file := tmp_path / "mails.csv")
    out, result = tmp_path / "out.csv", tmp_path / "result.json"
    assert command("predict", decided.folder, file, "-o", out, "--threshold", "spam=0.001") == 0
    assert {*csv.read_csv(out)["spam"].to_pylist()} == {"spam"}
    both = ("--threshold", "spam=0.001", "--threshold", "grade={c: 0.01}")
    assert command("evaluate", decided.folder, file, "-o", result, *both) == 0
    positives = np.mean(table["spam"].to_numpy() == "spam")
    assert json.loads(result.read_text())["spam"]["metrics"]["accuracy"]["value"] == positives
    for text, message in {
        "spam": "`--threshold` should be a number, TASK=NUMBER or",
        "0.3": "should say the task, such as {'spam': 0.3}",
        "sapm=0.3": "Did you mean 'spam'",
        "spam=3": "above 0 and below 1",
        "tags={base: 0.2, hto: 0.1}": "Did you mean 'hot'",
    }.items():
        capsys.readouterr()
        assert command("predict", decided.folder, file, "-o", out, "--threshold", text) == 1
        assert message in " ".join(capsys.readouterr().err.split())


def test_settings_say_thresholds_by_hand():
    table = mails(120).select(["x", "spam"])
    settings = {**TINY, "training.epochs": 1, "blend": "off", "targets.spam.threshold": 0.001}
    run = torso.fit(table, {"spam": "binary"}, settings=settings, progress=False)
    assert {*run.predict(table)["spam"].to_pylist()} == {"spam"}
    assert run.report.decisions["spam"].chosen is False
    assert "spam: thresholds set by hand: spam 0.001; F1" in repr(run)
    assert run.config.targets["spam"]["threshold"] == 0.001


def test_an_estimator_answers_by_them():
    pytest.importorskip("sklearn")
    table = mails(300)
    inputs = np.stack([table["x"].to_numpy(), table["z"].to_numpy()], axis=1)
    labels = table["spam"].to_numpy(zero_copy_only=False)
    answers = {}
    for how in ({}, {"threshold": 0.1}, {"decide_by": "f1"}):
        kind = {"kind": "binary", "positive": "spam", **how}
        estimator = torso.Estimator(kind, epochs=3, settings={**TINY, "training.epochs": 3})
        estimator.fit(inputs, labels)
        said = estimator.predict_proba(inputs)[:, [*estimator.classes_].index("spam")]
        answers[str(how)] = said, estimator.predict(inputs) == "spam"
    (said, plain), (same, low), (_, chosen) = answers.values()
    assert np.array_equal(said, same)
    assert np.array_equal(low, said >= np.float32(0.1))
    assert chosen.sum() > plain.sum()


@pytest.mark.parametrize(
    ("target", "settings", "message"),
    [
        ("spam", {"decide_by": "f2"}, "`targets.spam.decide_by`:.*'f1'.*Found 'f2'"),
        ("grade", {"decide_by": "f1"}, "`decide_by`.*'macro_f1' or null. Found 'f1'"),
        ("spam", {"threshold": 30}, "`targets.spam`: `threshold` should be above 0 and below 1"),
        ("spam", {"decide_by": "f1", "threshold": 0.3}, "Either `decide_by`.*Leave one"),
        (
            "grade",
            {"threshold": {"d": 0.3}},
            "`targets.grade`: Unknown class or label in `threshold`: 'd'",
        ),
        (
            "grade",
            {"threshold": 0.3},
            "`targets.grade`: `threshold` of 3 classes should say the class",
        ),
    ],
)
def test_wrong_settings_are_refused_before_training(target, settings, message):
    kind = {"spam": "binary", "grade": "category"}[target]
    with pytest.raises(ConfigError, match=message):
        torso.fit(mails(60), {target: {"kind": kind, **settings}}, settings=TINY, progress=False)


def test_without_held_out_labels_no_threshold_is_chosen_and_the_cure_works():
    table = mails(90)
    part = np.repeat(["train", "validation", "test"], [60, 15, 15])
    grade = [
        cell if own == "train" else None
        for cell, own in zip(table["grade"].to_pylist(), part, strict=True)
    ]
    table = pa.table({"x": table["x"], "a.b": grade, "y": table["z"], "part": part})
    settings = {**TINY, "training.epochs": 1, "blend": "off", "data.split.column": "part"}
    targets = {"a.b": {"kind": "category", "decide_by": "macro_f1"}, "y": "number"}
    run = torso.fit(table, targets, settings=settings, progress=False)
    assert run.decisions == {}
    (note,) = (note for note in run.notes if "no held-out row has a label" in note)
    words = shlex.split(note)
    cure = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    own = [f"{name}={json.dumps(value)}" for name, value in settings.items()]
    again = torso.fit(table, targets, settings=[*own, *cure], progress=False)
    assert again.decisions["a.b"].thresholds == pytest.approx({"a": 0.4, "b": 0.4, "c": 0.2})
