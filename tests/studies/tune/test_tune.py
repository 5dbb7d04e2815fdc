"""`torso.tune` from a run to its verdict, in Python, on the command line, and through a kill of its process."""

import json
import os
import shutil
import signal
import sys
import time

import numpy as np
import pytest

import torso
from tests.processes import Started
from torso.core.errors import ConfigError, DataError, MissingDependency, RunError, TorsoError
from torso.runs.folder.folder import RunFolder
from torso.studies.tune import Tuning, plan_tuning
from torso.studies.tune.compared import EVEN, UNTESTED
from torso.studies.tune.journal import sole_search

TINY = {"training.epochs": 4, "dim": 32, "folds": 2, "blend": "off", "training.lr": 1e-4}


def table(rows=150):
    draw = np.random.default_rng(0)
    size, word = draw.normal(size=rows), draw.choice(["a", "b"], rows)
    return {
        "size": size.tolist(),
        "word": word.tolist(),
        "price": (2 * size + 0.3 * draw.normal(size=rows)).tolist(),
        "big": [("no", "yes")[int(each > 0)] for each in size + 0.3 * draw.normal(size=rows)],
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of which the rate is far too low."""
    folder = tmp_path_factory.mktemp("tuned")
    names = table()
    lines = [
        ",".join(names),
        *(",".join(map(str, row)) for row in zip(*names.values(), strict=True)),
    ]
    (folder / "table.csv").write_text("\n".join(lines))
    targets = {"price": "number", "big": "binary"}
    return torso.fit(folder / "table.csv", targets, settings=TINY, out=folder / "run").folder


@pytest.fixture(scope="module")
def tuned(run):
    return torso.tune(run, trials=8)


def test_a_rate_that_is_too_low_is_told_on_unseen_rows(run, tuned):
    assert tuned.verdict.startswith("The tuned settings are surely better than the default: +")
    assert tuned.settings["training.lr"] > 1e-3
    assert tuned.trials[0].default
    assert tuned.rows == 120  # both folds: all but the test rows
    assert tuned.unseen.rows == 30
    best = torso.load(tuned.folder)
    assert best.config.training.lr == tuned.settings["training.lr"]
    assert (best.split.split.test == torso.load(run).split.split.test).all()


def test_the_result_stands_in_the_run(run, tuned):
    kept = RunFolder(run).studies()["tune"]["result"]
    assert Tuning.from_dict(kept) == tuned
    assert len(tuned.frame()) == 8


def test_the_same_command_trains_nothing_anew_and_more_trials_go_on(run, tuned):
    again = torso.tune(run, trials=8)
    assert again.trials == tuned.trials
    more = torso.tune(run, trials=9)
    assert more.trials[:8] == tuned.trials
    assert len(more.trials) == 9


def test_another_search_in_the_same_place_is_refused(run, tuned):
    with pytest.raises(RunError, match=r"another space.*--overwrite"):
        torso.tune(run, {"dim": [16, 32]}, trials=2)
    torso.tune(run, {"dim": [16, 32]}, trials=2, overwrite=True)


def test_slips_are_told_before_a_row_is_read(run, monkeypatch):
    monkeypatch.setattr(torso.studies.tune.subject, "prepare", None)
    for arguments, message in [
        ({"space": {"training.lrr": "auto"}}, "Did you mean 'training.lr'"),
        ({"space": "fist"}, "Did you mean 'first'"),
        ({"objectives": ["bigg"]}, "Did you mean 'big'"),
        ({"objectives": "big"}, r"Write objectives=\['big'\]"),
        ({"trials": 0}, "`trials` should be a whole number from 1 on"),
        ({"workers": 0}, "`workers`"),
        ({"budget": "soon"}, "`budget` should be a duration"),
    ]:
        with pytest.raises(ConfigError, match=message):
            torso.tune(run, **arguments)


def test_a_budget_too_short_for_one_training_is_told_with_one_that_works(run):
    with pytest.raises(
        ConfigError, match=r"too short: the first trial takes about .* Try --budget"
    ) as error:
        torso.tune(run, budget=0.05, overwrite=True)
    seconds = str(error.value).split()[-1]
    assert torso.tune(run, budget=seconds, trials=3, overwrite=True).trials


def test_several_objectives_have_a_front(run):
    tuning = torso.tune(run, objectives=["price", "big"], trials=4, overwrite=True)
    assert tuning.separate
    assert {trial.end for trial in tuning.trials} == {"whole"}
    assert tuning.best in tuning.front
    assert tuning.rows == 60  # one network of a trial
    assert set(tuning.unseen.tasks) == {"price", "big"}


def test_one_objective_may_cost_another_task(run):
    space = {"balancing.weights": "simplex"}
    tuning = torso.tune(run, space, objectives=["big"], trials=4, overwrite=True)
    assert tuning.tasks == ("big",)
    assert not tuning.separate
    assert set(tuning.unseen.tasks) <= {"big"}


def test_a_run_of_an_earlier_version_is_trained_once_more(run):
    answers = run / "held_out.parquet"
    kept = answers.read_bytes()
    answers.unlink()
    try:
        tuning = torso.tune(run, {"training.lr": [1e-4, 1e-2]}, trials=2, overwrite=True)
    finally:
        answers.write_bytes(kept)
    assert tuning.settings == {"training.lr": 1e-2}
    assert any("An earlier version wrote the run" in note for note in tuning.notes)
    assert tuning.verdict.startswith("The tuned settings are surely better")


def test_a_preparation_is_tuned_in_memory():
    names = table(80)
    settings = {**TINY, "folds": 0, "data.split.test": 0.0, "training.lr": 3e-3}
    prepared = torso.prepare(names, {"price": "number"}, inputs=["size"], settings=settings)
    tuning = torso.tune(prepared, {"training.lr": "auto"}, trials=3)
    assert tuning.tasks == ("price",)
    assert tuning.unseen.verdict == UNTESTED or not tuning.settings
    with pytest.raises(ConfigError, match="out='FOLDER'"):
        torso.tune(prepared, workers=2)


def test_settings_that_only_change_the_device_are_no_evidence(tmp_path):
    settings = {**TINY, "folds": 0}
    prepared = torso.prepare(table(80), {"price": "number"}, settings=settings)
    tuning = torso.tune(prepared, {"training.clip": [1.0, 1000.0]}, trials=2, out=tmp_path)
    assert tuning.unseen.verdict in (EVEN, UNTESTED)
    assert json.loads((tmp_path / "tune.json").read_text())["verdict"] == tuning.verdict


def test_the_plan_tells_the_cost_and_trains_nothing(run):
    planned = plan_tuning(run)
    assert planned.folds == 2
    assert planned.seconds > 0
    assert "30 test rows that no trial sees" in planned.told


def test_a_run_of_a_table_in_memory_needs_it_again(tmp_path):
    folder = torso.fit(table(), {"price": "number"}, settings=TINY, out=tmp_path / "run").folder
    with pytest.raises(ConfigError, match=r"was in memory\. Name it: torso tune .* --table FILE"):
        torso.tune(folder, trials=1)
    assert len(torso.tune(folder, table=table(), trials=2).trials) == 2
    other = {**table(), "size": [0.0] * 150}
    with pytest.raises(TorsoError, match="size"):
        torso.tune(folder, table=other, trials=2)
    with pytest.raises(ConfigError, match=r"run\.save\(FOLDER\)"):
        torso.tune(torso.fit(table(), {"price": "number"}, settings=TINY))


def test_two_searches_in_one_place_do_not_meet(run):
    with sole_search(run / "studies" / "tune"), pytest.raises(RunError, match="Another search"):
        torso.tune(run, trials=1)


def test_a_worker_that_dies_is_told_and_one_goes_on(run, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(torso.studies.tune.workers, "_START", "raise SystemExit('no memory')")
        with pytest.raises(RunError, match=r"status 1: no memory .*--workers 1"):
            torso.tune(run, trials=3, workers=2, seed=5, overwrite=True)
    assert len(torso.tune(run, trials=3, workers=1, seed=5).trials) == 3


def test_without_optuna_the_extra_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependency) as error:
        torso.tune(run)
    assert str(error.value) == (
        "A search of settings needs the package 'optuna'. Install it with: pip install 'torso[tune]'"
    )


def test_a_table_that_has_moved_is_told_with_the_option(run, tmp_path):
    moved = shutil.move(run.parent / "table.csv", tmp_path / "moved.csv")
    try:
        with pytest.raises(DataError, match=r"file not found.*torso tune .* --table FILE"):
            plan_tuning(run)
        assert plan_tuning(run, table=moved).rows == 120
    finally:
        shutil.move(moved, run.parent / "table.csv")


def test_a_process_that_is_killed_at_any_instant_goes_on_with_two_workers(run):
    words = ["tune", run, "--trials", "6", "--seed", "3"]
    journal = run / "studies" / "tune" / "journal.log"
    journal.unlink(missing_ok=True)
    begun = Started("-m", "torso", *words)
    wait_until(
        lambda: journal.exists() and journal.read_bytes().count(b"\n") > 20 + os.getpid() % 30
    )
    assert begun.kill() == -signal.SIGKILL
    status, printed = Started("-m", "torso", *words, "--workers", "2").wait()
    assert status == 0, printed
    assert "6 trials: " in printed
    kept = RunFolder(run).studies()["tune"]["result"]
    assert len(kept["trials"]) == 6
    assert kept["trials"][0]["default"]


def wait_until(happens, seconds=300):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)
