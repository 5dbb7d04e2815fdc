"""Runs whose answers blend the network with plain models."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import torso
from torso.app.terminal.blend import blend_verdict
from torso.core.errors import RunError

TINY = {"training.epochs": 2, "dim": 16, "blend": "auto", "plain.models": ["linear"]}
TASKS = {
    "number": "number",
    "class": "category",
    "yes": "binary",
    "grade": "ordinal",
    "count": "count",
    "labels": "multilabel",
}


def table(rows=240, seed=0):
    draw = np.random.default_rng(seed)
    x, shop = draw.normal(size=rows), draw.integers(0, 3, rows)
    frame = pd.DataFrame({"x": x, "shop": np.array(["north", "south", "west"])[shop]})
    frame["number"] = 5 + 3 * x + shop + draw.normal(size=rows) * 0.2
    frame["class"] = np.array(["a", "b", "c"])[np.digitize(x, [-0.5, 0.5])]
    frame["yes"] = np.where(x + 0.3 * draw.normal(size=rows) > 0, "yes", "no")
    frame["grade"] = np.digitize(x, [-1, 0, 1])
    frame["count"] = draw.poisson(np.exp(0.5 * x))
    named = [(x > 0, "big"), (shop == 2, "west")]
    frame["labels"] = [";".join(name for holds, name in named if holds[row]) for row in range(rows)]
    frame.loc[::7, "x"] = np.nan
    frame.loc[3::9, "number"] = np.nan
    return frame


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blend") / "run"
    return torso.fit(table(), TASKS, out=folder, settings=TINY)


def test_every_kind_with_a_statement_is_blended(run):
    assert run.report.blend.keys() == TASKS.keys()
    assert all(0 <= blend.share <= 1 for blend in run.report.blend.values())
    for blend in run.report.blend.values():
        assert sum(blend.weights.values()) == pytest.approx(1)


def test_two_epochs_of_a_network_lose_to_a_line(run):
    blend = run.report.blend["number"]
    assert blend.share > 0.5
    assert blend.plain > blend.network
    assert blend.over_network.low > 0


def test_differences_are_those_of_the_scores(run):
    for task, blend in run.report.blend.items():
        report = run.reports[task]
        sign = 1 if report.higher_is_better(blend.metric) else -1
        value = report.metrics[blend.metric].value
        assert blend.over_network.value == pytest.approx(sign * (value - blend.network))
        assert blend.over_plain.value == pytest.approx(sign * (value - blend.plain))
        assert blend.over_plain.low <= blend.over_plain.value <= blend.over_plain.high


def test_a_saved_run_answers_as_before(run):
    rows = table(40, seed=9)
    pd.testing.assert_frame_equal(torso.load(run.folder).predict(rows), run.predict(rows))


def test_a_row_alone_is_answered_as_in_its_table(run):
    rows = table(20, seed=9)
    whole = run.predict(rows)
    alone = pd.concat([run.predict(rows.iloc[[row]]) for row in range(20)], ignore_index=True)
    pd.testing.assert_frame_equal(alone, whole, rtol=1e-4)


def test_an_evaluation_repeats_the_scores_of_the_fit(run):
    frame = table()
    rows = run.split.for_table(torso.tables.table.read_table(frame), "it").test
    again = run.evaluate(frame.iloc[rows], resamples=0)
    for task, report in run.reports.items():
        assert again[task].metrics[report.headline].value == pytest.approx(
            report.metrics[report.headline].value, rel=1e-4
        )


def test_rows_that_lack_what_no_row_lacked_are_the_networks(run):
    network = replace(run, plain=None)
    whole = table(20, seed=9)
    assert not np.allclose(run.predict(whole)["number"], network.predict(whole)["number"])
    lacking = whole.assign(shop=None)
    np.testing.assert_allclose(
        run.predict(lacking)["number"], network.predict(lacking)["number"], rtol=1e-4
    )


def test_the_report_survives_json(run):
    saved = json.loads((run.folder / "metrics.json").read_text())
    assert torso.load(run.folder).report.blend == run.report.blend
    assert saved["blend"]["number"]["metric"] == "r2"


def test_off_leaves_the_network_alone():
    run = torso.fit(table(), ["number"], settings={**TINY, "blend": "off"})
    assert run.plain is None
    assert run.report.blend == {}


def test_the_network_is_the_same_with_and_without_plain_models():
    blended = torso.fit(table(), ["number"], settings=TINY)
    alone = torso.fit(table(), ["number"], settings={**TINY, "blend": "off"})
    assert blended.report.blend["number"].network == pytest.approx(
        alone.reports["number"].metrics["r2"].value, rel=1e-6
    )


def test_few_rows_keep_to_the_network_and_say_so():
    run = torso.fit(table(36), ["number"], settings=TINY)
    assert run.plain is None
    assert any(note.startswith("number: fewer than 40 labels") for note in run.notes)


def test_a_damaged_file_is_told(run, tmp_path):
    copy = run.save(tmp_path / "copy").folder
    (copy / "plain.json").write_text("{}")
    with pytest.raises(RunError, match=r"plain\.json is damaged"):
        torso.load(copy)


def test_a_run_saved_over_one_with_plain_models_has_none(run, tmp_path):
    folder = run.save(tmp_path / "copy").folder
    settings = {**TINY, "blend": "off"}
    torso.fit(table(), ["number"], out=folder, overwrite=True, settings=settings)
    assert torso.load(folder).plain is None


def test_intervals_hold_their_share():
    frame, new = table(1500), table(1500, seed=5)
    run = torso.fit(frame, ["number"], settings={**TINY, "training.epochs": 4})
    coverage = run.evaluate(new)["number"].metrics["coverage"]
    assert coverage.value == pytest.approx(0.9, abs=0.05)


def test_a_model_that_is_too_slow_for_the_rows_is_told(monkeypatch):
    monkeypatch.setattr("torso.plain.models.forest._CELLS", 10)
    settings = {**TINY, "plain.models": ["linear", "forest"]}
    run = torso.fit(table(), ["number"], settings=settings)
    assert "forest" not in run.report.blend["number"].weights
    assert any("'forest' takes no part in number" in note for note in run.notes)


def without_inputs(monkeypatch, chance, **settings):
    monkeypatch.setattr("torso.runs.blending.half.chance_of_no_signal", lambda gain: chance)
    return torso.fit(table(), TASKS, settings={**TINY, **settings})


def test_without_signal_every_row_has_the_answer_without_inputs(monkeypatch, tmp_path):
    run = without_inputs(monkeypatch, 1.0, folds=3)
    rows = table(20, seed=9)
    answers = run.predict(rows)
    numbers = answers.select_dtypes("number")
    np.testing.assert_allclose(numbers.std(), 0, atol=1e-5)
    assert answers["class"].nunique() == 1
    for task, blend in run.report.blend.items():
        assert blend.constant == 1.0
        assert blend_verdict(blend) == "no better than without inputs"
        assert any(note.startswith(f"{task}: no better than without inputs") for note in run.notes)
    saved = torso.load(run.save(tmp_path / "run").folder)
    assert saved.report.blend == run.report.blend
    pd.testing.assert_frame_equal(saved.predict(rows), answers)


def test_the_constant_damps_the_answers(run, monkeypatch):
    damped = without_inputs(monkeypatch, 0.6)
    rows = table(40, seed=9)
    assert damped.predict(rows)["number"].std() < 0.8 * run.predict(rows)["number"].std()
    assert not any("without inputs" in note for note in run.notes)


def test_runs_of_before_have_no_constant(run, tmp_path):
    copy = run.save(tmp_path / "copy").folder
    plain = json.loads((copy / "plain.json").read_text())
    report = json.loads((copy / "metrics.json").read_text())
    for part in (*plain["tasks"].values(), *report["blend"].values()):
        del part["constant"]
    (copy / "plain.json").write_text(json.dumps(plain))
    (copy / "metrics.json").write_text(json.dumps(report))
    (copy / "torso.json").write_text('{"torso": "0.1.0", "state": "finished"}')  # nor digests
    rows = table(40, seed=9)
    pd.testing.assert_frame_equal(torso.load(copy).predict(rows), run.predict(rows))
