"""Comparisons: what must hold for any two runs, numbers by hand, and pairs that cannot be compared."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import torso
from tests.cures.templates import pasted as settings_in
from tests.small_tables import torso as command_line
from torso.core.errors import ConfigError, RunError
from torso.evaluation.bootstrap import units_of
from torso.runs.folder.folder import RunFolder
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.compare import Comparison
from torso.studies.compare.contender import Member
from torso.studies.compare.differences import weighed
from torso.studies.compare.matching import differently, matched, same_truths

SETTINGS = {"training.epochs": 1, "dim": 8, "folds": 0, "blend": "off", "fusion": "concat"}


def table(rows=160):
    draw = np.random.default_rng(0)
    size, noise = draw.normal(size=(2, rows))
    price = 5 * size + draw.normal(size=rows)
    kind = np.where(size + draw.normal(size=rows) > 0, "big", "small")
    return pd.DataFrame({"size": size, "noise": noise, "price": price, "kind": kind})


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of runs: with `size` (three seeds), with `noise` only, and with one task."""
    folder = tmp_path_factory.mktemp("compared")
    table().to_csv(folder / "t.csv", index=False)
    for name, inputs, targets, seeds in (
        ("size", ["size"], ["price", "kind"], 3),
        ("noise", ["noise"], ["price", "kind"], 1),
        ("price", ["size"], ["price"], 1),
    ):
        prepared = torso.prepare(
            folder / "t.csv", targets, inputs=inputs, settings={**SETTINGS, "training.epochs": 8}
        )
        for seed in range(seeds):
            place = folder / name / "seeds" / str(seed) if seed else folder / name
            torso.train(prepared, {"seed": seed, "training.lr": 0.02}, out=place)
    return folder


# --- what holds for all


def test_a_run_against_itself_is_no_evidence(runs):
    run = torso.load(runs / "price")
    (other,) = torso.compare(run, run).against
    assert other.notes == (f"{runs / 'price'} is compared with itself, so nothing can differ.",)
    (task,) = other.tasks
    assert (task.difference.value, task.difference.low, task.difference.high) == (0, 0, 0)
    assert (task.p, task.verdict) == (1.0, "no evidence either way")
    assert other.overall.verdict == "no evidence either way"


def test_the_sign_turns_with_the_order(runs):
    one = torso.compare(runs / "noise", runs / "size").against[0]
    two = torso.compare(runs / "size", runs / "noise").against[0]
    for ours, theirs in zip(one.tasks, two.tasks, strict=True):
        assert ours.difference.value == pytest.approx(-theirs.difference.value)
        assert ours.p == pytest.approx(theirs.p)
        assert {ours.verdict, theirs.verdict} == {"helps", "hurts"}
    assert "helps price, kind" in repr(torso.compare(runs / "noise", runs / "size"))


def test_figures_are_those_of_the_reports(runs):
    one, two = torso.load(runs / "noise"), torso.load(runs / "price")
    own = torso.compare(one, two).against[0].tasks[0]
    first, second = (run.reports["price"].metrics["r2"].value for run in (one, two))
    assert (own.first, own.second) == (pytest.approx(first), pytest.approx(second))
    assert own.difference.value == pytest.approx(second - first)
    assert own.delta_m.value == pytest.approx(100 * (second - first) / (1 - first))
    assert own.labels == one.reports["price"].labels


def test_the_mean_over_seeds_is_compared_and_their_spread_counts(runs):
    folders = [runs / "size", runs / "size/seeds/1", runs / "size/seeds/2"]
    values = [RunFolder(run).report().tasks["price"].metrics["r2"].value for run in folders]
    other = torso.compare(runs / "noise", runs / "size").against[0]
    own = other.tasks[0]
    assert other.runs == (1, 3)
    assert own.second == pytest.approx(np.mean(values))
    assert own.seeds[1] == (pytest.approx(min(values)), pytest.approx(max(values)))
    # the single run of the baseline is given the spread of the other
    spread = np.var(values, ddof=1)
    assert own.over_seeds == pytest.approx(np.sqrt(spread + spread / 3))
    listed = torso.compare(runs / "noise", folders).against[0].tasks[0]
    assert listed == own


def test_it_goes_to_json_and_back_and_to_a_frame(runs):
    compared = torso.compare(runs / "noise", runs / "size", runs / "price")
    again = Comparison.from_dict(json.loads(json.dumps(compared.to_dict())))
    assert repr(again) == repr(compared)
    frame = compared.frame()
    assert list(frame["task"]) == ["price", "kind", "all tasks", "price", "all tasks"]
    assert (frame.loc[frame["task"] == "price", "verdict"] == "helps").all()
    assert "<table>" in compared._repr_html_()


# --- by hand


def side(answer, **facts):
    """Return a run in memory that answers yes-or-no rows."""
    truth = facts.pop("truth", np.tile([0.0, 1.0], len(answer) // 2))
    baseline = {"frequency": 0.5, "labels": len(truth)}
    task = TaskAnswers("binary", truth, np.asarray(answer), names=("no", "yes"), baseline=baseline)
    rows = facts.pop("rows", np.arange(len(truth)))
    held_out = HeldOut("test", rows, 1000, {"y": task}, digests={"y": "1"}, **facts)
    return Member("run", None, None, held_out)


def test_seeds_by_hand():
    draws = np.array([0.0, 0.2])  # standard deviation 0.1 * sqrt(2)
    own = weighed(0.1, draws, (np.array([0.5]), np.array([0.5])), units=101)
    assert own.over_rows == pytest.approx(0.1 * 2**0.5)
    assert np.isnan(own.over_seeds)
    half = 1.983972 * 0.1 * 2**0.5  # Student's t at 100 degrees of freedom
    assert own.difference.high == pytest.approx(0.1 + half, rel=1e-5)
    several = weighed(0.1, draws, (np.array([0.0, 1.0]), np.array([0.0, 1.0])), units=101)
    assert several.over_seeds == pytest.approx((0.5 / 2 + 0.5 / 2) ** 0.5)
    freedom = 0.52**2 / (0.02**2 / 100 + 0.25**2 + 0.25**2)  # about 2
    assert 2 < freedom < 2.2
    assert several.difference.high - 0.1 > 4 * 0.52**0.5


def test_five_labels_prove_nothing():
    draws = np.full(1000, 0.5) + np.linspace(-0.001, 0.001, 1000)
    assert weighed(0.5, draws, (np.zeros(1), np.zeros(1)), units=5).p == pytest.approx(1 / 16)


def test_rows_are_matched_by_number_and_the_rest_is_told():
    answer = np.linspace(0.1, 0.9, 8)
    first = side(answer, rows=np.array([7, 6, 5, 4, 3, 2, 1, 0]))
    second = side(answer[:6], rows=np.array([0, 1, 2, 3, 4, 9]))
    (one, two), notes = matched([first, second])
    assert one.rows.tolist() == two.rows.tolist() == [0, 1, 2, 3, 4]
    assert one.tasks["y"].answer.tolist() == answer[[7, 6, 5, 4, 3]].tolist()
    assert two.tasks["y"].answer.tolist() == answer[:5].tolist()
    assert any("Compared on 5 rows" in note for note in notes)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"table_rows": 999}, "1,000 and 999 rows"),
        ({"digests": {"y": "2"}}, r"other cells in \['y'\]"),
        ({"digests": {"x": "1"}}, "no column in common"),
        ({"rows": np.arange(100, 108)}, "kept no row of the table aside in common"),
    ],
)
def test_other_tables_are_refused_with_the_reason(changed, told):
    first = side(np.linspace(0.1, 0.9, 8))
    other = replace(first, held_out=replace(first.held_out, **changed))
    with pytest.raises(RunError, match=told):
        matched([first, other])


# --- edges


def fitted(frame, targets, **how):
    return torso.fit(frame, targets, settings={**SETTINGS, **how.pop("settings", {})}, **how)


def test_a_baseline_of_zero_leaves_the_difference():
    frame = table(60)
    one = fitted(frame, ["kind"], inputs=["noise"])
    own = one.held_out.tasks["kind"]
    wrong = replace(own, answer=1.0 - own.truth)  # AUROC 0
    zero = replace(one, held_out=replace(one.held_out, tasks={"kind": wrong}))
    compared = torso.compare(zero, one)
    assert compared.against[0].tasks[0].first == 0.0
    assert compared.against[0].tasks[0].difference.value > 0
    assert np.isnan(compared.against[0].tasks[0].delta_m.value)
    assert compared.against[0].overall.verdict == "undefined"
    assert any("Δm leaves out kind" in note for note in compared.notes)


def test_a_metric_that_is_undefined_on_these_rows_is_no_evidence():
    frame = table(60)
    one = fitted(frame, ["kind"], inputs=["noise"])
    own = one.held_out.tasks["kind"]
    same = replace(own, truth=np.ones_like(own.truth))  # one class: no AUROC
    run = replace(one, held_out=replace(one.held_out, tasks={"kind": same}))
    (other,) = torso.compare(run, run).against
    assert other.tasks[0].verdict == "undefined"
    assert "undefined on kind" in other.words("run")


def test_another_order_of_the_classes_is_the_same_target():
    frame = table(60)
    one, two = (
        fitted(frame, {"kind": {"kind": "binary", "positive": name}}, inputs=["size"])
        for name in ("big", "small")
    )
    (other,) = torso.compare(one, two).against
    assert [own.task for own in other.tasks] == ["kind"]
    few, many = (
        TaskAnswers("category", np.array([0, 1]), np.eye(2), names=names)
        for names in (("a", "b"), ("a", "c"))
    )
    assert not same_truths(few, many)
    assert "not both know 'b', 'c'" in differently(few, many, "x")
    both = [
        TaskAnswers("multilabel", truth, truth, names=names)
        for truth, names in (
            (np.array([[0.0, 1.0], [1.0, np.nan]]), ("a", "b")),
            (np.array([[1.0, 0.0], [np.nan, 1.0]]), ("b", "a")),
        )
    ]
    assert same_truths(*both)


def test_groups_are_resampled_whole():
    frame = table(120).assign(who=[f"w{row // 12}" for row in range(120)])
    settings = {"data.split.group": "who"}
    one, two = (
        fitted(frame, ["price"], inputs=[name], settings=settings) for name in ("size", "noise")
    )
    assert torso.compare(one, two).grouped
    assert len(set(units_of(one.held_out.groups).tolist())) == 2


def test_runs_with_other_tasks_compare_those_that_they_share(runs):
    compared = torso.compare(runs / "price", runs / "noise")
    assert [own.task for own in compared.against[0].tasks] == ["price"]
    assert any("Only" in note and "kind" in note for note in compared.notes)


def test_a_model_per_task_counts_as_one_run(runs, tmp_path):
    prepared = torso.prepare(
        runs / "t.csv", ["kind"], inputs=["size"], settings={**SETTINGS, "training.epochs": 8}
    )
    torso.train(prepared, out=tmp_path / "single/kind")
    torso.load(runs / "price").save(tmp_path / "single/price")
    compared = torso.compare(tmp_path / "single", runs / "noise")
    assert {own.task for own in compared.against[0].tasks} == {"price", "kind"}
    assert any("stands for 2 runs, each with tasks of its own" in n for n in compared.notes)
    alone = torso.compare(runs / "price", runs / "noise").against[0].tasks[0]
    both = {own.task: own for own in compared.against[0].tasks}
    assert both["price"].difference.value == alone.difference.value


def test_another_kind_of_target_is_told():
    frame = table(60).assign(stars=lambda own: (own["price"] > 0).astype(int) + 1)
    one = fitted(frame, {"stars": "ordinal", "kind": "binary"}, inputs=["noise"])
    two = fitted(frame, {"stars": "number", "kind": "binary"}, inputs=["noise"])
    compared = torso.compare(one, two)
    (told,) = (n for n in compared.notes if "read its labels differently (as ordinal and" in n)
    setting, _, kind = settings_in(told)[0].partition("=")
    again = fitted(
        frame,
        {"stars": "number", "kind": "binary"},
        inputs=["noise"],
        settings={setting: kind},
    )
    assert [own.task for own in torso.compare(one, again).against[0].tasks] == ["stars", "kind"]
    with pytest.raises(RunError, match="no task in common"):
        torso.compare(
            fitted(frame, {"stars": "ordinal"}, inputs=["noise"]),
            fitted(frame, {"stars": "number"}, inputs=["noise"]),
        )


def pasted(told, *words):
    """Return the arguments of the command that a message names, with words filled in."""
    line = str(told).partition(": torso ")[2].partition(",")[0]
    filled = dict(words)
    return [filled.get(word, word) for word in shlex.split(line)]


def test_the_cures_of_runs_that_share_no_row_work_when_pasted(tmp_path, capsys):
    frame = table(120)
    for name, order in (("a", ["train", "train", "test"]), ("b", ["test", "train", "train"])):
        frame[f"part_{name}"] = order * 40
    frame.to_csv(tmp_path / "t.csv", index=False)
    for name in "ab":
        settings = {"data.split.column": f"part_{name}"}
        out = tmp_path / f"run {name}"
        fitted(tmp_path / "t.csv", ["price"], inputs=["size"], settings=settings, out=out)
    with pytest.raises(RunError, match="kept no row of the table aside in common") as told:
        torso.compare(tmp_path / "run a", tmp_path / "run b")
    words = str(told.value).partition("Judge both by the rows of one table")[2]
    assert command_line(*pasted(words, ("TABLE", tmp_path / "t.csv"))) == 0
    (like,) = settings_in(str(told.value))
    assert like == f"data.split.like={tmp_path / 'run a'}"
    again = {"data.split.like": str(tmp_path / "run a"), "data.split.column": None}
    fitted(tmp_path / "t.csv", ["price"], inputs=["size"], settings=again, out=tmp_path / "again")
    assert command_line("compare", tmp_path / "run a", tmp_path / "again") == 0


def test_one_run_is_too_few(runs):
    with pytest.raises(ConfigError, match="two or more"):
        torso.compare(runs / "price")
    with pytest.raises(ConfigError, match="Found int"):
        torso.compare(runs / "price", 3)


def test_runs_that_differ_by_more_than_the_seed_do_not_count_as_one(runs):
    with pytest.raises(RunError, match="differ by their seed only"):
        torso.compare(runs / "price", [runs / "size", runs / "noise"])
    with pytest.raises(RunError, match="differ by their seed only"):
        torso.compare(runs / "price", runs)  # a folder of other runs


def test_a_folder_without_a_run_is_told(runs, tmp_path):
    with pytest.raises(RunError, match="does not exist"):
        torso.compare(runs / "price", tmp_path / "nowhere")
    with pytest.raises(RunError, match="not a finished run"):
        torso.compare(runs / "price", tmp_path)


def test_an_unfinished_seed_is_left_out_and_told(runs, tmp_path):
    run = torso.load(runs / "price").save(tmp_path / "run")
    (tmp_path / "run/seeds/1").mkdir(parents=True)
    (tmp_path / "run/seeds/1/torso.json").write_text('{"torso": "0", "state": "under way"}')
    compared = torso.compare(run.folder, runs / "noise")
    assert compared.against[0].runs == (1, 1)
    assert any("is not finished. Go on with it: torso fit --resume" in n for n in compared.notes)


def test_seeds_that_a_former_run_left_are_not_counted(runs, tmp_path):
    run = torso.load(runs / "price").save(tmp_path / "run")
    torso.load(runs / "noise").save(tmp_path / "run/seeds/1")
    compared = torso.compare(run.folder, runs / "size")
    assert compared.against[0].runs == (1, 3)
    assert any("seeds/1 is left out: it differs from" in n for n in compared.notes)


def test_a_run_of_before_answers_its_rows_anew(runs, tmp_path, capsys):
    run = torso.load(runs / "price").save(tmp_path / "old")
    expected = run.held_out
    (run.folder / "held_out.parquet").unlink()
    with pytest.raises(RunError, match="let it answer them now: torso evaluate") as told:
        torso.compare(run.folder, runs / "noise")
    command = str(told.value).partition("now: torso ")[2].split()
    assert command_line(*command) == 0
    capsys.readouterr()
    again = torso.load(run.folder).held_out
    assert again.rows.tolist() == expected.rows.tolist()
    np.testing.assert_allclose(
        again.tasks["price"].answer, expected.tasks["price"].answer, rtol=1e-4, atol=1e-4
    )
    assert torso.compare(run.folder, runs / "price").against[0].tasks[0].verdict.startswith("no")


def test_rows_that_cannot_be_answered_anew_say_so(runs, tmp_path, capsys):
    other = tmp_path / "other.csv"
    table(90).to_csv(other, index=False)
    assert command_line("evaluate", runs / "price", other, "--held-out") == 1
    assert "the split is of 160 rows, the table has 90" in capsys.readouterr().err
    first = Path(__file__).parents[2] / "runs/first_format"
    assert command_line("evaluate", first / "run", first / "table.csv", "--held-out") == 1
    assert "Train it again: torso fit --config" in capsys.readouterr().err
    with pytest.raises(RunError, match="or train it again: torso fit --config"):
        torso.compare(runs / "price", first / "run")


def test_a_table_judges_runs_of_other_splits(runs, tmp_path):
    other = fitted(table(100), ["price"], inputs=["noise"])
    with pytest.raises(RunError, match="other tables: 160 and 100 rows"):
        torso.compare(runs / "price", other)
    fresh = table(300)[200:].reset_index(drop=True)
    compared = torso.compare(other, runs / "price", table=fresh)
    assert (compared.rows, compared.split) == (100, "table")
    assert compared.against[0].tasks[0].verdict == "helps"


def test_the_command_prints_writes_and_keeps(runs, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    run = torso.load(runs / "price").save(tmp_path / "run")
    out = tmp_path / "c.json"
    assert command_line("compare", runs / "noise", run.folder, "-o", out) == 0
    said = capsys.readouterr()
    assert "helps price" in said.out
    assert "Higher is better" in said.out
    assert "One run each" in said.err
    assert "for torso show and torso report" in " ".join(said.err.split())
    assert max(map(len, said.out.splitlines())) <= 80
    saved = json.loads(out.read_text())
    assert saved["against"][0]["overall"]["verdict"] == "helps"
    kept = RunFolder(run.folder).studies()["compare"]["result"]
    assert kept["against"] == saved["against"]


def test_equal_seeds_of_noise_are_seldom_called_different():
    """Of comparisons of equal recipes, about one in twenty may find a difference."""
    draw = np.random.default_rng(5)
    wrong = 0
    for _ in range(200):
        rows = draw.normal(0, 0.02, 60)
        seeds = draw.normal(0, 0.05, (2, 3))
        value = seeds[1].mean() - seeds[0].mean() + rows[0]
        wrong += weighed(value, value + draw.normal(0, 0.02, 200), tuple(seeds), 400).p < 0.05
    assert wrong <= 18
