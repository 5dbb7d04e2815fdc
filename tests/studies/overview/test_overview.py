"""A run at a glance and the runs of a folder: figures are those of the reports, and each step works when pasted."""

import json
import math
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import torso
from tests.processes import Started
from tests.small_tables import torso as command_line
from torso.core.errors import RunError
from torso.runs.folder.folder import RunFolder
from torso.studies.overview.plot import plot
from torso.studies.overview.sparkline import sparkline

SETTINGS = {"training.epochs": 3, "dim": 8, "folds": 0, "blend": "off", "fusion": "concat"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run, one of its seeds and its baselines, a damaged and an unfinished run, and a file."""
    top = tmp_path_factory.mktemp("my runs")
    draw = np.random.default_rng(0)
    size = draw.normal(size=120)
    frame = pd.DataFrame(
        {"size": size, "price": 3 * size, "kind": np.where(size > 0, "big", "small")}
    )
    frame.to_csv(top / "t.csv", index=False)
    run = torso.fit(top / "t.csv", ["price", "kind"], settings=SETTINGS, out=top / "a")
    run.save(top / "a/seeds/1")
    run.save(top / "a/baselines/plain")
    run.save(top / "broken")
    (top / "broken/metrics.json").write_text("{")
    (top / "begun").mkdir()
    (top / "begun/torso.json").write_text('{"torso": "0", "state": "under way"}')
    (top / "other").mkdir()
    (top / "other/notes.txt").write_text("x")
    return top


def test_a_folder_lists_its_runs_with_their_scores(folder):
    listed = torso.runs_in(folder)
    frame = listed.frame().set_index("run")
    run = torso.load(folder / "a")
    assert set(frame.index) == {"a", "a/seeds/1", "a/baselines/plain", "broken", "begun"}
    assert frame.loc["a", "price"] == run.reports["price"].metrics["r2"].value
    assert frame.loc["a", "targets"] == "price, kind"
    assert frame.loc["a", "seconds"] > 0
    assert [own.run for own in listed.shown if own.scores] == ["a"]
    assert "a (+ 1 seed, 1 baseline)" in repr(listed)
    assert json.dumps(listed.to_dict())
    assert "<table>" in listed._repr_html_()


def test_unfinished_and_damaged_runs_are_told(folder, capsys):
    assert command_line("runs", folder) == 0
    said = capsys.readouterr()
    assert "metrics.json is damaged" in said.err
    assert "begun: under way, or interrupted. Train again." in said.err
    assert "damaged" in said.out


def test_a_folder_without_runs_says_how_to_begin(tmp_path):
    with pytest.raises(RunError, match=r"no run in .* Train one: torso fit TABLE -t COLUMN -o"):
        torso.runs_in(tmp_path)
    (tmp_path / "trials").mkdir()
    with pytest.raises(RunError, match=r"There is no folder .* Did you mean .*trials"):
        torso.runs_in(tmp_path / "trial")


def test_a_run_is_shown_in_words_that_are_its_figures(folder):
    shown = torso.show(folder / "a")
    words = "\n".join(shown.words())
    report = torso.load(folder / "a").report
    assert f"learnt from {report.usage.rows_trained} rows of t.csv" in words
    assert f"R² {report.tasks['price'].metrics['r2'].value:.3f}" in words
    assert "Beside it: 1 other seed and baselines plain." in words
    heading, *plotted = shown.curves()
    assert heading.startswith("price: ─ held-out loss (least ")
    assert len(plotted) == 2 * 8 + 2  # six lines of curves, an axis and its ends per task
    counts = np.array(shown.confusions()["kind"].counts)
    assert counts.sum() == report.tasks["kind"].labels
    right = report.tasks["kind"].metrics["accuracy"].value
    assert counts.trace() / counts.sum() == pytest.approx(right)
    assert repr(shown).splitlines()[0] == shown.words()[0]


def test_each_step_works_when_pasted(folder, capsys, tmp_path, monkeypatch):
    copy = tmp_path / "it is a run"
    shutil.copytree(folder / "a", copy)
    shutil.rmtree(copy / "seeds")
    (copy / "held_out.parquet").unlink()
    while True:
        capsys.readouterr()
        assert command_line("show", copy) == 0
        lines = capsys.readouterr().out.splitlines()
        steps = [shlex.split(line)[1:] for line in lines if line.startswith("  torso ")]
        if "--held-out" not in steps[0]:
            break
        assert command_line(*steps[0]) == 0
    assert {step[0] for step in steps} >= {"predict", "importance", "compare", "report"}
    for step in steps:
        if step[0] not in ("seeds", "baselines"):  # they train several runs, in tests of their own
            assert command_line(*step) == 0, capsys.readouterr().err


@pytest.mark.parametrize("width", [60, 80, 160])
def test_it_fits_the_terminal(folder, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    for words in (("show", folder / "a"), ("runs", folder)):
        assert command_line(*words) == 0
        lines = capsys.readouterr().out.splitlines()
        assert all(len(line) <= width for line in lines if not line.startswith("  torso "))


def test_a_run_of_before_is_shown_too(capsys):
    run = Path(__file__).parents[2] / "runs/first_format/run"
    assert command_line("show", run) == 0
    assert "On the" in capsys.readouterr().out
    assert torso.show(run).confusions() == {}
    assert torso.show(run).curves() == []


def test_studies_are_named_with_their_words(folder):
    RunFolder(folder / "a").write_study("probe", {"words": [*"abcde"]}, command="torso probe")
    RunFolder(folder / "a").write_study("silent", {"x": 1}, command="torso silent")
    shown = torso.show(folder / "a").studied()
    more = f"  … 1 more: {folder / 'a'}/studies/probe.json"
    words = [f"  {letter}" for letter in "abcd"]
    assert shown == ["study probe (torso probe)", *words, more, "study silent (torso silent)"]


@pytest.mark.parametrize(
    "content", ["{", '{"a": 1}', '{"torso": "1", "command": "", "result": []}']
)
def test_a_damaged_study_is_told_and_hides_nothing_else(folder, tmp_path, capsys, content):
    shutil.copytree(folder / "a", run := tmp_path / "run")
    (run / "studies").mkdir(exist_ok=True)
    (run / "studies/importance.json").write_text(content, encoding="utf-8")
    for words in (("show", run), ("report", run, "-o", tmp_path / "r.html")):
        assert command_line(*words) == 0
        shown = capsys.readouterr()
        assert "importance.json is damaged" in "".join([*shown.out, *shown.err]).replace("\n", " ")


def test_a_damaged_config_is_told_in_a_line(folder, tmp_path, capsys):
    shutil.copytree(folder / "a", run := tmp_path / "run")
    (run / "run.yaml").write_text(": :", encoding="utf-8")
    for command in ("show", "report"):
        assert command_line(command, run) == 1
        assert "run.yaml is not valid YAML" in capsys.readouterr().err


def test_what_is_no_finished_run_says_what_it_is(folder, capsys):
    assert command_line("show", folder / "begun") == 1
    assert "is not a finished run" in capsys.readouterr().err
    with pytest.raises(RunError, match="does not exist"):
        torso.show(folder / "nothing")


def test_only_kinds_of_classes_have_a_confusion(folder):
    assert list(torso.show(folder / "a").confusions()) == ["kind"]


def test_many_tasks_have_a_line_each(folder):
    shown = torso.show(folder / "a")
    epochs = [
        replace(epoch, validation=dict.fromkeys("abcdef", 1.0)) for epoch in shown.report.curves
    ]
    config = shown.config.model_copy(update={"targets": {key: {} for key in "abcdef"}})
    many = replace(shown, config=config, report=replace(shown.report, curves=tuple(epochs)))
    lines = many.curves(width=8)
    assert lines[:2] == ["Held-out loss by epoch", "a  1.000 ▁▁▁ 1.000, least 1.000 in epoch 1"]
    assert len(lines) == 7


def test_a_terminal_without_the_characters_gets_look_alikes(folder):
    """All commands, since the streams themselves are told: results, notes, curves, and names of columns."""
    ascii_only = "import sys; [s.reconfigure(encoding='ascii') for s in (sys.stdout, sys.stderr)]"
    ask = "from torso.app.cli import main; sys.argv[1:1] = ['show']; main()"
    status, shown = Started("-c", f"{ascii_only}; {ask}", folder / "a").wait()
    assert status == 0 and shown.isascii(), shown
    assert "R2" in shown and "- held-out loss" in shown and "?" not in shown


@pytest.mark.parametrize("width", [8, 30])
def test_a_plot_holds_its_curves(width):
    falling = [1 / (1 + n) for n in range(20)]
    lines = plot(falling, [math.inf, *falling[1:]], width=width, height=5)
    assert lines[0].startswith("1.000 ┤") or width < 20
    assert len(lines) == 7
    drawn = [line.partition("┤")[2] or line.partition("│")[2] for line in lines[:5]]
    assert all(len(line) <= width for line in drawn)
    for column in range(width):  # no gap in a curve that has none
        assert any(line[column : column + 1].strip("· ") for line in drawn)


def test_curves_of_any_length():
    assert plot([], []) == plot([math.nan], [math.inf]) == []
    assert plot([2.0, 2.0], width=4) == ["2.000 ┤────", "      └────", "       1  2"]
    assert sparkline([]) == ""
    assert sparkline([np.nan, np.nan]) == "  "
    assert len(sparkline(list(range(1000)), width=30)) == 30
