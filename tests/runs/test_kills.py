"""A kill between any two steps on the disk leaves the old run, the new one or a clear word, and advice that works."""

import contextlib
import copy
import json
import os
import shutil
from dataclasses import replace
from itertools import groupby

import pytest
import torch

import torso
from tests import small_tables as tables
from tests.processes import Started
from tests.runs.kill_worker import CHANGES, SETTINGS
from tests.small_tables import TINY
from torso.core.errors import RunError
from torso.runs import train as training
from torso.runs.folder import folder as folders
from torso.runs.folder.folder import RunFolder
from torso.runs.settings import config as configs
from torso.runs.settings.config import RunConfig
from torso.runs.train import Trained, train_run

FILES = {
    "MODEL_CARD.md",
    *("log.jsonl", "metrics.json", "model.safetensors", "run.yaml", "schema.json"),
    "held_out.parquet",
    "examples.parquet",
    *("skipped.jsonl", "split.parquet", "statistics.json", "torso.json", "vocabulary.json"),
}
STEPS = ("replace", "unlink", "rmdir", "mkdir")


class Killed(BaseException):
    """Ends the process, as far as the disk can see: nothing after it changes a file."""


class Disk:
    """Lets `left` changes of files happen, then no more."""

    def __init__(self, patch, left=None):
        self.left, self.changes = left, 0
        for name in STEPS:
            patch.setattr(os, name, self.counted(getattr(os, name)))

    def counted(self, change):
        def step(*args, **kwargs):
            if self.left is not None and self.changes >= self.left:
                raise Killed
            result = change(*args, **kwargs)
            self.changes += 1
            return result

        return step


@pytest.fixture(scope="module")
def learnt():
    """What trainings learn, by target: the preparation and the result of a real one."""
    out = {}
    for target in ("loud", "price"):
        settings = {**TINY, "inputs.note": None, "inputs.shop": None, "data.split.seed": 0}
        prepared = torso.prepare(tables.plain(), [target], settings=settings)
        out[target] = prepared, training.train_model(prepared, prepared.config)
    return out


@pytest.fixture
def quick(learnt, monkeypatch):
    """Let trainings take no time: two epochs, or those that are left, of which only the checkpoint is written."""

    def trained(prepared, config, *, listener, checkpoint, resume, plan):
        optimizer, first = torch.optim.AdamW([torch.zeros(1)]), 1
        if resume:
            first = checkpoint.read(["model"], optimizer)[1]["epoch"] + 1
        last = config.training.epochs
        for epoch in range(first, last + 1):
            progress = {"epoch": epoch, "best_epoch": epoch, "best_loss": 1.0, "steps": epoch}
            checkpoint.write({"model": {"at": torch.tensor(epoch)}}, optimizer, progress)
        done = learnt[next(iter(config.targets))][1]
        report = replace(done.report, training=replace(done.report.training, epochs=last))
        return Trained(done.model, report, resumable=last < 4, held_out=done.held_out)

    monkeypatch.setattr(training, "train_model", trained)
    once(monkeypatch, RunConfig, "to_yaml", RunConfig.model_dump_json)
    once(monkeypatch, configs, "read_yaml", str)
    once(monkeypatch, folders, "read_mapping", str)
    return lambda *args, **how: fitted(learnt, *args, **how)


def once(patch, owner, name, key):
    """Let a slow function work once for each key."""
    function, known = getattr(owner, name), {}

    def remembered(value):
        if (at := key(value)) not in known:
            known[at] = function(value)
        return copy.deepcopy(known[at])

    patch.setattr(owner, name, remembered)


def fitted(learnt, out, target, epochs, **how):
    """Fit as `torso.fit` does, but for the reading of the table."""
    prepared, _ = learnt[target]
    folder = RunFolder(out)
    folder.check_free(**how)
    config = RunConfig.parse(folder.begun_config()) if how.get("resume") else prepared.config
    own = config.training.model_copy(update={"epochs": epochs})
    prepared = learnt[next(iter(config.targets))][0]
    with folder.made():
        return train_run(
            prepared,
            config.model_copy(update={"training": own}),
            folder,
            resume=how.get("resume", False),
        )


SITUATIONS = {
    "a new folder": ([], ("price", 4, {}), 5),
    "over a finished run": ([("loud", 4, {})], ("price", 4, {"overwrite": True}), 4),
    "over an interrupted run": ([("loud", 2, {})], ("price", 4, {"overwrite": True}), 2),
    "going on": ([("price", 2, {})], ("price", 4, {"resume": True}), 1),
    "going on, to be interrupted": ([("price", 1, {})], ("price", 2, {"resume": True}), 3),
}
"""What was fitted before, the fit that is killed, and after how many more changes of files each time."""


def state(out):
    """Return what `load` gives: target and epochs, or None for a clear refusal."""
    try:
        run = torso.load(out, device="cpu")
    except RunError as error:
        assert any(said in str(error) for said in ("not a finished run", "does not exist"))
        return None
    assert run.report.tasks.keys() == run.schema.targets.keys() == run.config.targets.keys()
    assert run.report.training.epochs == run.config.training.epochs
    return next(iter(run.schema.targets)), run.report.training.epochs


@pytest.mark.parametrize(("before", "then", "every"), SITUATIONS.values(), ids=SITUATIONS)
def test_a_kill_at_any_step(tmp_path, quick, before, then, every):
    template = tmp_path / "template"
    for target, epochs, how in before:
        quick(template, target, epochs, **how)
    old = state(template) if before else None
    target, epochs, how = then
    number, seen = 0, set()
    while True:
        out = tmp_path / f"run{number}"
        if before:
            shutil.copytree(template, out)
        with pytest.MonkeyPatch.context() as patch:
            Disk(patch, number)
            try:
                quick(out, target, epochs, **how)
                break
            except Killed:
                pass
        left = state(out)
        assert left in (old, (target, epochs), None), (number, left)
        seen.add(left)
        advice_works(out, quick, target, left, number)
        number += every
    assert state(out) == (target, epochs)
    assert None in seen
    assert number > 20


def advice_works(out, quick, target, left, number):
    """Follow what `fit` says until there is a new run."""
    try:
        quick(out, target, 4)
    except RunError as error:
        told = str(error)
        if "Go on with it (--resume" in told:
            quick(out, target, 4, resume=True)
        else:
            assert "finished run" in told and left is not None, (number, told)
            with pytest.raises(RunError, match="there is nothing to resume"):
                quick(out, target, 4, resume=True)
            return
    assert state(out)[1] == 4, number
    assert {entry.name for entry in out.iterdir()} == FILES, number


def test_a_kill_while_a_run_is_saved_over_another(tmp_path, learnt):
    template = tmp_path / "template"
    runs = {}
    for target, (prepared, done) in learnt.items():
        run = torso.runs.predicting.predictor.Predictor(
            prepared.config, prepared.schema, done.model, done.report, split=prepared.split
        )
        runs[target] = run
    runs["loud"].save(template)
    seen = []
    for number in range(0, 40, 2):
        out = tmp_path / f"run{number}"
        shutil.copytree(template, out)
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, number)
            with contextlib.suppress(Killed):
                runs["price"].save(out)
        seen.append(left := state(out))
        if left is None:
            runs["price"].save(out)
            assert state(out)[0] == "price"
        if disk.changes < number:
            break
    names = [state[0] if state else None for state in seen]
    assert [name for name, _ in groupby(names)] == ["loud", None, "price"]


def test_a_stale_checkpoint_of_another_config_is_never_gone_on_with(tmp_path, quick):
    quick(tmp_path / "run", "loud", 2)
    (tmp_path / "run" / "checkpoint").rename(tmp_path / "run" / "checkpoint.old")
    shutil.copytree(tmp_path / "run" / "checkpoint.old", tmp_path / "stale")
    with pytest.raises(RunError, match="interrupted run"):
        quick(tmp_path / "run", "price", 4)
    quick(tmp_path / "run", "price", 4, overwrite=True)
    assert state(tmp_path / "run") == ("price", 4)
    shutil.copytree(tmp_path / "stale", tmp_path / "run" / "checkpoint.old")
    with pytest.raises(RunError, match="is finished: there is nothing to resume"):
        quick(tmp_path / "run", "price", 4, resume=True)
    quick(tmp_path / "run", "loud", 4, overwrite=True)
    assert {entry.name for entry in (tmp_path / "run").iterdir()} == FILES


def test_a_log_cut_by_a_kill_costs_one_line(tmp_path, quick):
    quick(tmp_path / "run", "price", 2)
    log = tmp_path / "run" / "log.jsonl"
    log.write_text('{"event": "note", "message": "kept"}\n{"event": "no')
    run = quick(tmp_path / "run", "price", 4, resume=True)
    assert "kept" in run.notes
    for line in log.read_text().splitlines()[2:]:
        json.loads(line)


def test_processes_that_are_killed_or_interrupted(tmp_path):
    status, said = Started("-m", "tests.runs.kill_worker", tmp_path).wait()
    assert status == 0, said
    told = json.loads(said.splitlines()[-1])
    assert told["killed"] == [-9] * len(CHANGES)
    for changes in CHANGES:
        out = tmp_path / f"killed{changes}"
        learnt = changes > CHANGES[0]
        with pytest.raises(RunError, match="--resume" if learnt else "Train again"):
            torso.load(out)
        if learnt:
            with pytest.raises(RunError, match="Go on with it"):
                torso.fit(tmp_path / "table.csv", ["price"], out=out, settings=SETTINGS)
        again = {} if learnt else {"targets": ["price"], "settings": SETTINGS}
        torso.fit(tmp_path / "table.csv", out=out, resume=learnt, **again)
        assert torso.load(out).report.training.epochs == 2
        assert {entry.name for entry in out.iterdir()} == FILES
    code, line = told["interrupted"]
    assert (code, (tmp_path / "interrupted").exists()) == (130, False)
    assert line.startswith(
        "RunError: Interrupted before the first epoch had ended: nothing was learnt"
    )
