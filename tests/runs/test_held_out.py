"""The answers to held-out rows: all metrics of the report come from them, without a table and without a model."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.core.errors import RunError
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.held_out_file import read_held_out, write_held_out
from torso.runs.report.held_out import HeldOut, TaskAnswers

SETTINGS = {**TINY, "inputs.note": None, "inputs.shop": None}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("held") / "run"
    return torso.fit(tables.plain(), TARGETS, settings=SETTINGS, out=folder)


def same(first, second):
    """Whether all arrays of two values agree to the last digit, of equal types."""
    assert first.split == second.split
    assert first.digests == second.digests
    assert first.rows.tolist() == second.rows.tolist()
    assert first.tasks.keys() == second.tasks.keys()
    for task, own in first.tasks.items():
        other = second.tasks[task]
        assert (own.kind, own.names, own.level) == (other.kind, other.names, other.level)
        for name in ("truth", "answer"):
            pair = getattr(own, name), getattr(other, name)
            assert pair[0].dtype == pair[1].dtype
            np.testing.assert_array_equal(*pair)
        for kept in ("details", "metrics"):
            assert getattr(own, kept).keys() == getattr(other, kept).keys()
            for name, values in getattr(own, kept).items():
                np.testing.assert_array_equal(values, getattr(other, kept)[name])
    for name, values in first.present.items():
        np.testing.assert_array_equal(values, second.present[name])


def test_every_metric_of_the_report_comes_from_them_to_the_last_digit(run):
    kept = torso.load(run.folder).held_out
    same(run.held_out, kept)
    for task, report in run.reports.items():
        own = kept.tasks[task]
        used = np.flatnonzero(own.labelled)
        assert len(used) == report.labels
        measured = own.of_rows(used).measure()(np.ones((1, len(used))))
        for metric, (value,) in measured.overall.items():
            np.testing.assert_equal(value, report.metrics[metric].value)


def test_rows_are_those_of_the_table(run):
    table = pd.DataFrame(tables.plain())
    kept = run.held_out
    assert kept.rows.tolist() == run.split.split.test.tolist()
    assert kept.table_rows == len(table)
    prices = pd.to_numeric(table["price"]).to_numpy()[kept.rows]
    np.testing.assert_allclose(kept.tasks["price"].truth, prices, rtol=1e-6)
    assert all(len(has) == len(kept.rows) for has in kept.present.values())


def test_rows_out_of_fold_are_those_of_the_table():
    draw = np.random.default_rng(0)
    size = draw.normal(size=90)
    table = {"size": size, "price": 100 + 5 * size}
    settings = {"dim": 8, "training.epochs": 1, "data.split.test": 0, "folds": 3}
    run = torso.fit(table, ["price"], settings=settings)
    kept = run.held_out
    assert kept.split == "validation"
    assert sorted(kept.rows.tolist()) == list(range(90))
    np.testing.assert_allclose(kept.tasks["price"].truth, table["price"][kept.rows], rtol=1e-6)


def test_a_table_of_its_own_is_known_by_its_cells():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"size": draw.normal(size=120)})
    frame["price"] = frame["size"] * 3
    settings = {"dim": 8, "training.epochs": 1, "folds": 0}
    test = frame[80:].reset_index(drop=True)
    run = torso.fit(frame[:80], ["price"], settings=settings, test=test)
    assert run.held_out.rows.tolist() == list(range(40))
    assert run.held_out.digests != run.split.digests


def test_evaluate_gives_the_same_value_for_any_table(run):
    kept = run.held_out
    rows = run.evaluate(tables.plain(), details=True).held_out
    assert (rows.split, len(rows.rows)) == ("table", kept.table_rows)
    some = rows.of_rows(kept.rows)
    for task, own in kept.tasks.items():
        np.testing.assert_array_equal(some.tasks[task].truth, own.truth)
        np.testing.assert_allclose(some.tasks[task].answer, own.answer, rtol=1e-4, atol=1e-5)


def test_a_log_loss_by_row_averages_to_that_of_the_report(run):
    for task, report in run.reports.items():
        by_row = run.held_out.tasks[task].by_row()["log_loss"]
        assert np.nanmean(by_row) == pytest.approx(report.metrics["log_loss"].value, rel=1e-6)
        assert int((~np.isnan(by_row)).sum()) == report.labels


def masks(rows=6, side=80):
    draw = np.random.default_rng(1)
    truth = draw.integers(0, 2, (rows, side, side))
    truth[0] = -1  # no label
    baseline = {"mask": np.zeros((side, side), int).tolist()}
    return TaskAnswers("mask", truth, draw.integers(0, 2, (rows, side, side)), baseline=baseline)


def test_of_a_large_answer_the_metrics_of_each_row_are_kept():
    own = masks()
    small = own.kept()
    assert not small.whole
    assert small.answer.nbytes == 0
    assert small.labelled.tolist() == [False, *[True] * 5]
    third = own.of_rows(np.array([2]))
    assert small.metrics["mean_iou"][2] == third.measure()(np.ones((1, 1))).overall["mean_iou"][0]
    mean = small.of_rows(np.arange(1, 6)).measure()(np.ones((1, 5))).overall["mean_iou"]
    assert mean[0] == pytest.approx(np.mean(small.metrics["mean_iou"][1:]))


def test_arrays_of_every_form_come_back_as_they_were(tmp_path):
    draw = np.random.default_rng(2)
    tasks = {
        "a truth": TaskAnswers(
            "category", np.array([0, 2, -1]), draw.random((3, 3)), names=("x", "y", "z")
        ),
        "a": TaskAnswers(
            "boxes",
            draw.random((3, 4, 5)),
            draw.random((3, 0, 6)),
            {"chosen": np.eye(3, dtype=bool)},
        ),
        "m": replace(masks(3), names=("no", "yes")).kept(),
    }
    groups, has = np.array([0, 1, 1]), {"truth": np.array([True, False, True])}
    value = HeldOut("test", np.array([5, 1, 7]), 9, tasks, groups, has, {"a": "12"})
    write_held_out(tmp_path, value)
    back = read_held_out(tmp_path, {"m": tasks["m"].baseline})
    same(value, back)
    assert back.groups.tolist() == [0, 1, 1]
    assert len(pd.read_parquet(tmp_path / "held_out.parquet")) == 3
    write_held_out(tmp_path, None)
    assert read_held_out(tmp_path, {}) is None


def test_a_damaged_file_is_told(run, tmp_path):
    run.save(tmp_path / "copy")
    (tmp_path / "copy/held_out.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(RunError, match=r"held_out\.parquet is damaged"):
        torso.load(tmp_path / "copy")


def test_a_run_of_before_has_none():
    assert torso.load(Path(__file__).parent / "first_format/run", device="cpu").held_out is None


def test_studies_lie_in_the_run_and_go_with_it(run, tmp_path):
    copy = run.save(tmp_path / "run")
    folder = RunFolder(copy.folder)
    assert folder.studies() == {}
    folder.write_study("importance", {"value": float("nan")}, command="torso importance")
    folder.write_study("importance", {"value": [1, 2]})
    saved = folder.studies()["importance"]
    assert saved["result"] == {"value": [1, 2]}
    assert saved["torso"] == torso.__version__
    assert saved["command"]
    (copy.folder / "studies/mine.txt").write_text("x")
    copy.save(copy.folder)
    assert list(folder.studies()) == ["importance"]
    torso.fit(tables.plain(), TARGETS, settings=SETTINGS, out=copy.folder, overwrite=True)
    assert folder.studies() == {}
    assert os.listdir(copy.folder / "studies") == ["mine.txt"]


def test_a_damaged_study_is_told(run, tmp_path):
    copy = run.save(tmp_path / "run")
    (copy.folder / "studies").mkdir()
    (copy.folder / "studies/a.json").write_text(json.dumps({"result": 1}))
    with pytest.raises(RunError, match="is damaged"):
        RunFolder(copy.folder).studies()
