"""A fit that starts from a finished run: what it takes over, what it tells, what it refuses."""

import re
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

import torso
from tests import small_tables as tables
from tests.small_tables import TINY, options, write
from torso.core.errors import ConfigError, DataError, RunError
from torso.training import STOP, Listener

FEW = {"training.epochs": 2, "folds": None}
"""Settings of a short fit; the number of folds is as it would be outside of the tests."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A table, and a run of two networks on it that learnt `colour` and `price`."""
    folder = tmp_path_factory.mktemp("start")
    table = tables.plain(60)
    write(folder / "table.csv", table)
    torso.fit(
        folder / "table.csv",
        ["colour", "price"],
        inputs=["note", "size", "shop"],
        out=folder / "first",
        settings={**TINY, "folds": 2, "training.epochs": 3},
    )
    return folder


def started(place, table="table.csv", targets=(), listener=None, **settings):
    table = place / table if isinstance(table, str) else table
    said = {**FEW, **{key.replace("__", "."): value for key, value in settings.items()}}
    return torso.fit(
        table, targets, start_from=place / "first", settings=said, progress=False, listener=listener
    )


def notes_of(run, word):
    return [note for note in run.notes if word in note]


def test_new_tasks_on_the_trained_body(place):
    run = started(place, targets=["loud"])
    assert list(run.config.inputs) == ["note", "size", "shop"]
    [line] = notes_of(run, "Carried over")
    assert "encoder of 'note'" in line and "fusion" in line and "trained further" in line
    assert notes_of(run, "Fresh: head of 'loud'.")
    assert notes_of(run, "Not carried over") and "head of 'colour', head of 'price'" in " ".join(
        run.notes
    )
    assert not notes_of(run, "Leak")  # the table is the run's: its split and folds stay
    assert run.config.data.split.like == str(place / "first") and run.config.folds == 2


def test_the_first_step_begins_with_the_weights_and_the_network_of_the_same_fold(place):
    """Without a step, every network answers as the one of its number."""
    first = torso.load(place / "first")
    run = started(place, training__lr=1e-30, training__weight_decay=0, training__average=0)
    assert list(run.config.targets) == ["colour", "price"]
    table = pd.read_csv(place / "table.csv")
    ours, theirs = run.predict(table), first.predict(table)
    assert np.allclose(ours["price"], theirs["price"], rtol=1e-4)
    for mine, own in zip(run.model.members, first.model.members, strict=True):
        for name, value in own.trunks.state_dict().items():
            assert torch.allclose(mine.trunks.state_dict()[name].float(), value.float(), atol=1e-5)


@pytest.mark.parametrize("train", ["heads", "adapters"])
def test_a_frozen_body_stays_and_the_run_loads_as_any_other(place, tmp_path, train):
    run = started(place, targets=["loud"], start__train=train, training__lr=0.05)
    first = torso.load(place / "first")
    own, known = run.model.members[0].state_dict(), first.model.members[0].state_dict()
    assert own.keys() - known.keys() == {key for key in own if ".@loud." in key}
    same = {key: torch.equal(own[key], value) for key, value in known.items() if key in own}
    changed = {key for key, equal in same.items() if not equal}
    assert all("fusion" in key or "encoders" in key for key in changed)
    assert bool(changed) == (train == "adapters")
    run.save(tmp_path / "new")
    table = pd.read_csv(place / "table.csv")
    pd.testing.assert_frame_equal(torso.load(tmp_path / "new").predict(table), run.predict(table))


def test_new_classes_come_behind_those_that_are_known(place):
    table = pd.DataFrame(tables.plain(40, seed=5))
    table.loc[:9, "colour"] = "amber"
    run = started(place, table, ["colour"], folds=0)
    before = torso.load(place / "first").schema.targets["colour"].classes
    assert run.schema.targets["colour"].classes == [*before, "amber"]
    assert notes_of(run, "the classes 'amber' of 'colour'")
    assert notes_of(run, "head of 'colour'")
    assert "colour_probability_amber" in run.predict(table)
    statistics = run.schema.inputs["size"].state()
    assert statistics == torso.load(place / "first").schema.inputs["size"].state()


def test_inputs_that_are_gone_or_new(place):
    table = pd.DataFrame(tables.plain(40, seed=5)).drop(columns=["size", "photo"], errors="ignore")
    table["age"] = np.arange(40) % 11 / 2
    table = table[["shop", "age", "note", "colour"]]  # in another order
    run = started(place, table, ["colour"], folds=0)
    assert notes_of(run, "lacks inputs of") and "'size'" in notes_of(run, "lacks inputs of")[0]
    [told] = notes_of(run, "does not know are not read: 'age'")
    assert [*run.config.inputs] == ["note", "size", "shop"]
    cure = shlex.split(re.search(r"--set .*", told)[0])[1]
    path, _, value = cure.partition("=")
    run = started(
        place, table, ["colour"], folds=0, **{path.replace(".", "__"): yaml.safe_load(value)}
    )
    assert notes_of(run, "Fresh: encoder of 'new numbers', a part of the fusion")
    assert "encoder of 'numbers'" in notes_of(run, "Carried over")[0]


def test_rows_that_the_run_learnt_from_are_told_where_they_judge(place):
    more = pd.concat([pd.DataFrame(tables.plain(60)), pd.DataFrame(tables.plain(30, seed=9))])
    run = started(place, more, ["colour"])
    leaks = notes_of(run, "Leak")
    assert "the test part holds rows" in leaks[0] and "data.test=NEW.csv" in leaks[0]
    assert "choose the epoch" in leaks[1]
    run = started(place, data__split__seed=7)
    [told, _] = notes_of(run, "Leak")
    assert f"--set data.split.like={place / 'first'}" in told
    run = started(place, folds=3)
    [told] = notes_of(run, "Leak")
    assert "--set folds=2" in told
    new = started(place, pd.DataFrame(tables.plain(60, seed=11)), ["colour"], folds=0)
    assert not notes_of(new, "Leak")


def test_a_run_that_started_from_another_repeats(place, tmp_path):
    run = torso.fit(
        place / "table.csv", ["loud"], start_from=place / "first", settings=FEW, out=tmp_path / "a"
    )
    again = torso.fit(config=tmp_path / "a" / "run.yaml", out=tmp_path / "b")
    assert again.report.tasks["loud"] == run.report.tasks["loud"]
    assert (tmp_path / "a" / "run.yaml").read_text() == (tmp_path / "b" / "run.yaml").read_text()
    held = yaml.safe_load((tmp_path / "a" / "run.yaml").read_text())["start"]
    assert held["run"] == str(place / "first") and len(held["digest"]) == 16
    held["digest"] = "0" * 16
    with pytest.raises(RunError, match=r"--set start\.digest=null"):
        torso.fit(config=tmp_path / "a" / "run.yaml", settings={"start.digest": "0" * 16})
    torso.fit(config=tmp_path / "a" / "run.yaml", settings={"start.digest": None})


def test_it_is_resumed(place, tmp_path):
    class Stopper(Listener):
        def epoch_done(self, epoch):
            return STOP

    given = {"targets": ["loud"], "start_from": place / "first", "out": tmp_path / "run"}
    settings = {**FEW, "folds": 0, "start.train": "adapters"}
    torso.fit(place / "table.csv", settings=settings, listener=Stopper(), **given)
    ended = torso.fit(out=tmp_path / "run", resume=True)
    whole = torso.fit(place / "table.csv", settings=settings, **{**given, "out": None})
    assert ended.report.tasks == whole.report.tasks


def test_the_command(place, tmp_path, capsys):
    command = f"fit {place / 'table.csv'} -t loud --from {place / 'first'} -o {tmp_path / 'new'}"
    assert tables.torso(*command.split(), *options(FEW)) == 0
    assert "Carried over from" in "".join(capsys.readouterr())
    command = f"fit {place / 'table.csv'} -t loud --from {place / 'frist'}"
    assert tables.torso(*command.split()) == 1
    said = "".join(capsys.readouterr())
    assert "which does not exist" in said and "first" in said


def test_targets_that_the_table_lacks_are_gone(place, tmp_path, capsys):
    table = pd.DataFrame(tables.plain(40, seed=5)).drop(columns="price")
    run = started(place, table, folds=0)
    assert list(run.config.targets) == ["colour"] and notes_of(run, "head of 'price'")
    table.to_csv(tmp_path / "few.csv", index=False)
    command = f"fit {tmp_path / 'few.csv'} --from {place / 'first'} -o {tmp_path / 'run'}"
    assert tables.torso(*command.split(), *options({**FEW, "folds": 0})) == 0
    assert list(torso.load(tmp_path / "run").config.targets) == ["colour"]


def test_what_cannot_be(place, tmp_path):
    with pytest.raises(ConfigError, match=r"Unknown key in `start`: 'trian'. Did you mean 'train'"):
        started(place, targets=["loud"], start__trian="heads")
    with pytest.raises(RunError, match="Found the file"):
        torso.fit(place / "table.csv", ["loud"], start_from=place / "first" / "run.yaml")
    with pytest.raises(RunError, match="finished run"):
        torso.fit(place / "table.csv", ["loud"], start_from=tmp_path)
    with pytest.raises(DataError, match="none of the inputs"):
        torso.fit({"x": [1.0, 2.0] * 20, "y": [1.0, 2.0] * 20}, ["y"], start_from=place / "first")
    with pytest.raises(ConfigError, match="nothing of"):
        started(place, targets=["loud"], dim=16)
    with pytest.raises(ConfigError, match="search"):
        started(place, targets=["loud"], search=True)
    with pytest.raises(ConfigError, match="Save it first"):
        memory = started(place, targets=["loud"], folds=0)
        torso.fit(place / "table.csv", ["loud"], start_from=memory)
    with pytest.raises(ConfigError, match=r"start\.train"):
        started(place, targets=["loud"], start__train="head")


def test_code_that_the_run_names_is_not_trusted(place, tmp_path):
    shutil.copytree(place / "first", tmp_path / "evil")
    text = (tmp_path / "evil" / "run.yaml").read_text()
    (tmp_path / "evil" / "run.yaml").write_text(
        text.replace("type: hard", "type: 'os:PathLike'").replace(
            "type: members", "type: 'os:PathLike'"
        )
    )
    for how in (
        {"start_from": tmp_path / "evil"},
        {"settings": {"start.run": str(tmp_path / "evil")}},
        {"config": {"start": {"run": str(tmp_path / "evil")}}},
    ):
        with pytest.raises(ConfigError, match="trust"):
            torso.fit(place / "table.csv", ["loud"], **how)
