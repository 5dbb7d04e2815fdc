"""A run beside simpler models: which there are, the figures, the words, and runs that make it hard."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.core.errors import ConfigError, DataError
from torso.evaluation.report import Estimate
from torso.runs.folder.folder import RunFolder
from torso.runs.report.held_out import TaskAnswers
from torso.studies.baselines import Baseline, Baselines, Beside
from torso.studies.baselines.leads import besides
from torso.studies.baselines.majority import without_inputs
from torso.studies.variants import kept
from torso.tasks import Scores, evaluate_task, fit_baseline
from torso.tasks._base.example import example_of
from torso.tasks._base.likelihood import Details

SETTINGS = {
    **TINY,
    "folds": 0,
    "blend": "off",
    "pretrained": "off",
    "plain.models": ["linear"],
}


@pytest.fixture(scope="module")
def table():
    return tables.plain(150)


@pytest.fixture(scope="module")
def prepared(table):
    return torso.prepare(table, TARGETS, settings={**SETTINGS, "fusion": "gated"})


def test_every_baseline_is_compared_on_the_rows_of_the_run_and_kept(table, prepared, tmp_path):
    run = torso.train(prepared, out=tmp_path / "run")
    study = torso.baselines(run, table, workers=1)
    names = [baseline.name for baseline in study.baselines]
    inputs = ["input-note", "input-numbers", "input-categories"]
    assert names == ["majority", "plain", *inputs, "concat", "single-tasks"]
    for baseline in study.baselines:
        assert list(baseline.tasks) == TARGETS
        for task, beside in baseline.tasks.items():
            report = run.reports[task]
            assert beside.run == pytest.approx(report.metrics[report.headline].value)
            assert beside.labels == report.labels
            lead = beside.run - beside.baseline
            assert beside.over.value == pytest.approx(lead if report.higher_is_better() else -lead)
    blind = study.baselines[0].tasks
    for task, report in run.reports.items():  # the same figure as in the report
        assert blind[task].baseline == pytest.approx(report.baseline[report.headline])
    saved = RunFolder(run.folder).studies()["baselines"]["result"]
    assert Baselines.from_dict(json.loads(json.dumps(saved))).to_dict() == study.to_dict()
    frame = study.frame().set_index(["baseline", "task"])
    assert frame.loc[("majority", "price"), "cpu_seconds"] == 0
    assert frame.loc[("single-tasks", "price"), "cpu_seconds"] > 0
    single = torso.load(run.folder / "baselines" / "task-price")
    assert list(single.schema.targets) == ["price"]

    again = torso.baselines(run.folder, table, workers=1)  # goes on: nothing is trained twice
    assert "8 of 8 trainings lie finished" in again.notes[0]
    assert str(again.baselines) == str(study.baselines)


def test_what_the_run_itself_is_is_skipped_and_told():
    columns = tables.plain(90)
    small = {"size": columns["size"], "price": columns["price"]}
    prepared = torso.prepare(small, ["price"], settings={"dim": 8, **SETTINGS})
    study = torso.baselines(prepared, workers=1)  # the run is trained, too
    assert [baseline.name for baseline in study.baselines] == ["majority", "plain"]
    assert {*study.skipped} == {"input-numbers", "concat", "single-tasks"}
    assert (
        "Not compared, single-tasks: the run has one task: it is that model itself."
        in study.sentences()
    )


def test_the_plain_half_is_the_runs_own(table):
    settings = {**SETTINGS, "blend": "auto"}
    prepared = torso.prepare(table, ["price"], inputs=["note", "size"], settings=settings)
    run = torso.train(prepared)
    study = torso.baselines(run, prepared, workers=1)
    plain = next(each for each in study.baselines if each.name == "plain")
    report = run.report.blend["price"]
    assert plain.cpu_seconds == 0
    assert plain.tasks["price"].baseline == pytest.approx(report.plain)
    assert plain.tasks["price"].over.value == pytest.approx(report.over_plain.value)
    assert plain.tasks["price"].over.low == pytest.approx(report.over_plain.low)


def test_a_table_that_has_moved_and_one_with_other_rows(tmp_path):
    first = tables.write(tmp_path / "t.csv", tables.plain(90))
    settings = {**SETTINGS, "data.split.stratify": "colour"}
    run = torso.fit(first, ["price"], inputs=["size"], out=tmp_path / "run", settings=settings)
    moved = first.rename(tmp_path / "moved.csv")
    with pytest.raises(DataError, match=r"no longer at .*give that table, where it lies now"):
        torso.baselines(run)
    assert torso.baselines(run, moved, workers=1, budget=60).baselines
    other = tables.write(tmp_path / "other.csv", tables.plain(90, seed=1))
    with pytest.raises(DataError, match=r"does not hold the rows of .*A study of a run needs"):
        torso.baselines(run, other)
    with pytest.raises(DataError, match=r"the split is of 90 rows, the table has 91\. A study"):
        torso.baselines(run, tables.write(tmp_path / "longer.csv", tables.plain(91)))


def test_a_table_in_memory_has_to_be_given(table):
    run = torso.fit(table, ["price"], inputs=["size"], settings={"dim": 8, **SETTINGS})
    with pytest.raises(ConfigError, match=r"In Python: torso\.baselines\(run, table\)"):
        torso.baselines(run)
    assert torso.baselines(run, table, workers=1).baselines[0].name == "majority"


def test_a_budget_too_small_for_any_training(table, prepared, tmp_path):
    run = torso.train(prepared, out=tmp_path / "run")
    study = torso.baselines(run, prepared, budget=0.001)
    assert [baseline.name for baseline in study.baselines] == ["majority"]
    assert len(study.left_out) == 8
    assert any(
        note.startswith("Budget: no baseline was trained in 0.0 s; the run") for note in study.notes
    )


def test_a_run_of_an_earlier_version_is_trained_once_more(table, prepared, tmp_path):
    run = torso.train(prepared, out=tmp_path / "run")
    (tmp_path / "run" / "held_out.parquet").unlink()
    study = torso.baselines(tmp_path / "run", prepared, workers=1)
    assert "it was trained once more" in study.notes[-1]
    report = run.reports["price"]
    assert study.baselines[0].tasks["price"].run == pytest.approx(report.metrics["r2"].value)


def test_hand_worked_difference_and_five_labels():
    truth = np.array([1.0, 0.0] * 30)
    sure, flat = np.where(truth > 0, 0.9, 0.1), np.full(60, 0.4)
    baseline = {"frequency": 0.5, "labels": 60}
    run, other = (TaskAnswers("binary", truth, said, baseline=baseline) for said in (sure, flat))
    beside = besides({"loud": run}, {"loud": other})["loud"]
    assert (beside.metric, beside.run, beside.baseline) == ("auroc", 1.0, 0.5)
    assert beside.over == Estimate(0.5, 0.5, 0.5) and beside.verdict == "better"
    assert besides({"loud": run}, {"loud": run})["loud"].verdict == "no evidence either way"
    known = np.arange(60) < 5
    few = TaskAnswers("binary", np.where(known, truth, np.nan), sure, baseline=baseline)
    beside = besides({"loud": few}, {"loud": other})["loud"]
    assert beside.labels == 5 and beside.verdict == "no evidence either way"
    none = TaskAnswers("binary", np.full(60, np.nan), sure, baseline=baseline)
    assert besides({"loud": none}, {"loud": other})["loud"].verdict == "undefined"
    np.testing.assert_array_equal(without_inputs(run).answer, np.full(60, 0.5))


def test_words():
    def beside(run, other, p, labels=50):
        return Beside(
            "binary",
            "auroc",
            run,
            other,
            Estimate(run - other, run - other - 0.02, run - other + 0.02),
            p,
            labels,
        )

    study = Baselines(
        "test",
        (
            Baseline("majority", "the answer without inputs", {"loud": beside(0.9, 0.5, 0.001)}),
            Baseline("plain", "the plain half alone", {"loud": beside(0.9, 0.95, 0.01)}),
            Baseline("input-note", "note alone", {"loud": beside(0.9, 0.89, 0.6)}),
            Baseline("single-tasks", "one model per task", {"loud": beside(0.9, 0.8, math.nan, 1)}),
        ),
        {"concat": "the run itself is that"},
        {"input-size": "no time was left for it"},
    )
    assert study.sentences() == [
        "loud: the plain half alone is better: AUROC 0.950 against 0.900 of the run, by 0.050 [0.030, 0.070].",
        "loud: note alone; no evidence either way: AUROC 0.890 against 0.900 of the run, whose lead is 0.010 [-0.010, 0.030] on "
        "50 rows.",
        "loud: the run is better than the answer without inputs.",
        "loud: undefined beside one model per task: 1 labels are too few.",
        "Not compared, concat: the run itself is that.",
        "Not trained, input-size: no time was left for it.",
    ]


def test_a_constant_modality_is_told(tmp_path, monkeypatch):
    columns = {**tables.plain(90), "same": ["x"] * 90}
    settings = {**SETTINGS, "inputs.same.kind": "text"}
    prepared = torso.prepare(
        columns, ["price"], inputs={"size": "number", "same": "text"}, settings=settings
    )
    study = torso.baselines(prepared, workers=1)
    assert "input-same" in {*study.left_out, *(each.name for each in study.baselines)}
    assert kept.folder_name("input-same") == "input-same"


@pytest.mark.parametrize("kind", [*Scores.registry])
def test_the_answer_without_inputs_scores_as_in_the_report(kind):
    """Also where a kind adds decisions or intervals to its answers: those of the baseline take their place."""
    draw = example_of(kind).SCORES.draw
    (answer, truth), (_, known) = (draw(np.random.default_rng(n), 60, 0.3) for n in (0, 1))
    own = TaskAnswers(kind, truth, answer, level=0.9, baseline=fit_baseline(kind, known))
    used = np.flatnonzero(own.labelled)
    blind = own.scores.blind(own.baseline, truth[used], own.level)
    details = {name: np.repeat(values[:1], 60, axis=0) for name, values in blind.items()}
    own = replace(own, details=details)
    once = np.ones((1, len(used)))
    guessed = without_inputs(own).of_rows(used).measure()(once).overall
    chosen = own.of_rows(used)
    report = evaluate_task(
        kind,
        chosen.answer,
        chosen.truth,
        own.baseline,
        details=Details({name: values[used] for name, values in details.items()}, own.level),
        resamples=0,
    )
    for metric, value in report.baseline.items():
        told = float(guessed[metric][0]) if metric in guessed else math.nan
        assert told == pytest.approx(value, nan_ok=True), metric


def test_each_baseline_is_the_fit_that_its_settings_give(tmp_path):
    """To the last digit: the rows are split alike, and nothing of the run itself leaks into its baselines."""
    table = tables.write(tmp_path / "t.csv", tables.plain(60))
    own = {key: value for key, value in SETTINGS.items() if not key.startswith("inputs.")}
    own["fusion"] = "gated"
    torso.fit(table, TARGETS, out=tmp_path / "run", settings=own)
    torso.baselines(tmp_path / "run", workers=1)
    alone = {
        "input-note": {"inputs": ["note"]},
        "concat": {"settings": {**own, "fusion": "concat", "balancing": "equal"}},
        "task-price": {"target": ["price"], "inputs": ["note", "size", "shop"]},
    }
    for name, changed in alone.items():
        how = {"target": TARGETS, "settings": own, **changed}
        apart = torso.fit(table, how.pop("target"), **how)
        kept_run = torso.load(tmp_path / "run/baselines" / name)
        for task, answers in kept_run.held_out.tasks.items():
            theirs = apart.held_out.tasks[task]
            np.testing.assert_array_equal(answers.answer, theirs.answer, err_msg=name)
            assert kept_run.reports[task].metrics == apart.reports[task].metrics
