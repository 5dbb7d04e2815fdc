"""Calibration beside chance, confusion that adds up, and worst rows that can be looked up in the table."""

import json
from dataclasses import replace

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import ConfigError
from torso.runs.folder.folder import RunFolder
from torso.runs.report.held_out import TaskAnswers
from torso.studies.slices import Mistakes
from torso.studies.slices.calibration import calibration_of


def binary(truth, answer):
    return TaskAnswers(
        "binary",
        np.asarray(truth, float),
        np.asarray(answer, float),
        names=("no", "yes"),
        baseline={"frequency": 0.5},
    )


def drawn(rows, seed, sharper=1.0):
    """Return answers whose log odds are `sharper` times those that the labels are drawn from."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(size=rows) * 2
    truth = rng.random(rows) < 1 / (1 + np.exp(-odds))
    return binary(truth, 1 / (1 + np.exp(-sharper * odds)))


def test_error_of_one_bin_by_hand():
    # 25 rows of confidence 0.8, 15 of them right: |0.8 - 0.6|
    found = calibration_of(binary([1] * 15 + [0] * 10, [0.8] * 25), None, 0)
    assert found.error == pytest.approx(0.2) and found.gap.value == pytest.approx(0.2)
    (part,) = found.bins
    assert (part.rows, part.said, part.held.value) == (25, pytest.approx(0.8), 0.6)
    assert part.held.low == pytest.approx(0.4074, abs=1e-4)  # Wilson, by R's prop.test
    assert part.held.high == pytest.approx(0.7660, abs=1e-4)
    assert found.verdict == "too sure"


def test_calibrated_answers_are_seldom_called_otherwise():
    verdicts = [calibration_of(drawn(300, seed), None, seed).verdict for seed in range(60)]
    assert sum(verdict != "no evidence against it" for verdict in verdicts) <= 9
    found = calibration_of(drawn(300, 1), None, 0)
    assert found.error > 0.5 * found.by_chance and found.debiased < found.error


@pytest.mark.parametrize(("sharper", "verdict"), [(4.0, "too sure"), (0.25, "not sure enough")])
def test_sure_and_unsure_answers_are_told_apart(sharper, verdict):
    found = calibration_of(drawn(400, 3, sharper), None, 0)
    assert found.verdict == verdict and found.error > found.limit
    assert sum(part.rows for part in found.bins) == found.labels == 400


def test_answers_that_are_all_right_are_not_called_unsure():
    found = calibration_of(binary([1] * 200 + [0] * 200, [0.998] * 200 + [0.002] * 200), None, 0)
    assert found.gap.high < 0 and found.verdict == "no evidence against it"


def test_intervals_are_held_against_their_promise():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    for reach, verdict in ((1.645, "no evidence against it"), (0.8, "too sure")):
        ends = {"low": np.full(200, -reach), "high": np.full(200, reach)}
        own = TaskAnswers("number", truth, np.zeros(200), ends, level=0.9, baseline={"mean": 0.0})
        found = calibration_of(own, None, 0)
        assert (found.of, found.verdict) == ("intervals", verdict)
    assert calibration_of(replace(own, details={}), None, 0) is None
    own = replace(own, details={**ends, "spread": np.ones(200), "quantile_0.25": np.full(200, -9)})
    shares = {share: held.value for share, held in calibration_of(own, None, 0).levels}
    assert shares == {0.6827: (np.abs(truth) <= 1).mean(), 0.9: (np.abs(truth) <= 0.8).mean()}
    pair = {**ends, "quantile_0.25": truth - 1, "quantile_0.75": truth + 1}
    levels = calibration_of(replace(own, details=pair), None, 0).levels
    assert levels[0] == (0.5, levels[0][1]) and levels[0][1].value == 1.0


def test_intervals_of_whole_numbers_may_hold_more():
    ends = {"low": np.zeros(200), "high": np.full(200, 9.0)}
    own = TaskAnswers("count", np.full(200, 3.0), np.full(200, 3.0), ends, level=0.9, baseline={})
    assert calibration_of(own, None, 0).verdict == "no evidence against it"


def test_few_or_no_labels():
    assert calibration_of(binary([np.nan] * 5, [0.5] * 5), None, 0).verdict == "too few"
    assert calibration_of(binary([1, 0], [0.9, 0.2]), None, 0).verdict == "too few"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tables.make(tmp_path_factory.mktemp("mistakes"), rows=60)
    settings = {**tables.TINY, **tables.MEDIA, "folds": 0, "blend": "off"}
    inputs = ["photo", "sound", "note", "size"]
    return torso.fit(
        path, tables.TARGETS, inputs=inputs, out=path.parent / "run", settings=settings
    )


def test_worst_rows_are_those_of_the_table_with_their_files(run):
    found = torso.mistakes(run, worst=4)
    cells = tables.read(run.folder.parent / "table.csv")
    assert set(found.tasks) == set(tables.TARGETS)
    for task, own in found.tasks.items():
        assert len(own.worst) == 4 and own.ranked_by == "log_loss"
        losses = [row.loss for row in own.worst]
        assert losses == sorted(losses, reverse=True)
        for row in (*own.worst, *own.surest):
            label = cells[task][row.row - 1]
            assert row.truth == (label if task != "price" else f"{np.float32(label):.6g}")
            assert row.files == {name: cells[name][row.row - 1] for name in ("photo", "sound")}
        assert all(row.truth != row.answer for row in own.surest)
        sure = [row.confidence for row in own.surest]
        assert sure == sorted(sure, reverse=True)


def test_confusion_adds_up(run):
    found = torso.mistakes(run)
    own = run.held_out.tasks["colour"]
    confusion = found.tasks["colour"].confusion
    counts = np.array(confusion.counts)
    assert counts.sum() == found.tasks["colour"].labels == own.labelled.sum()
    accuracy = run.reports["colour"].metrics["accuracy"].value
    assert np.trace(counts) / counts.sum() == pytest.approx(accuracy)
    assert sum(count for count, *_ in confusion.pairs()) == counts.sum() - np.trace(counts)
    assert found.tasks["price"].confusion is None and found.tasks["price"].surest == ()


def test_a_class_that_training_never_saw(run):
    held_out = run.held_out
    own = held_out.tasks["colour"]
    truth = own.truth.copy()
    truth[0] = len(own.names)  # past the last class
    tasks = {**held_out.tasks, "colour": replace(own, truth=truth)}
    odd = replace(run, held_out=replace(held_out, tasks=tasks), folder=None)
    found = torso.mistakes(odd, worst=1).tasks["colour"]
    assert found.confusion.names[-1] == "(unseen)" and found.worst[0].truth == "(unseen)"


def test_it_is_kept_in_the_run_and_read_again(run):
    found = torso.mistakes(run, worst=2)
    saved = RunFolder(run.folder).studies()["mistakes"]
    assert repr(Mistakes.from_dict(json.loads(json.dumps(saved["result"])))) == repr(found)
    assert set(found.frame()["list"]) <= {"worst", "surest"}
    assert "<table>" in found._repr_html_()


def test_without_the_table_files_are_left_out_and_told(run, tmp_path):
    data = run.config.data.model_copy(update={"table": str(tmp_path / "gone.csv")})
    moved = replace(run, config=run.config.model_copy(update={"data": data}), folder=None)
    found = torso.mistakes(moved, worst=1)
    assert found.tasks["price"].worst[0].files == {}
    assert any("without their files" in note and "gone.csv" in note for note in found.notes)
    with pytest.raises(ConfigError, match="`worst` should be 0 or more"):
        torso.mistakes(moved, worst=-1)
    assert torso.mistakes(moved, worst=0).tasks["price"].worst == ()


def test_the_command_line(run, capsys, monkeypatch):
    for width in ("60", "80", "160"):
        monkeypatch.setenv("COLUMNS", width)
        assert tables.torso("mistakes", run.folder, "--worst", "2") == 0
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= int(width)
        assert "colour: worst rows" in shown and "files/" in shown
