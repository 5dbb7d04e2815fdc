"""Many trainings on one preparation: what is read once, what may change, what may not."""

import numpy as np
import pandas as pd
import pytest
import torch

import torso
from tests import small_tables as tables
from tests.small_tables import MEDIA, TARGETS, TINY
from torso.core.errors import ConfigError, RunError
from torso.training import STOP, Listener

OTHERS = [
    {"seed": 1},
    {"fusion": "gated"},
    {"balancing": "uncertainty"},
    {"seed": 2, "sharing": "mmoe", "heads.price": "student", "dim": 12},
    {"training.lr": 0.01, "training.epochs": 2, "encoders.note": "ngrams", "training.mixup": 0.2},
]


def counted(monkeypatch, counts, place, name):
    module = __import__(place, fromlist=[name])
    function = getattr(module, name)

    def inner(*arguments, **settings):
        counts[name] = counts.get(name, 0) + 1
        return function(*arguments, **settings)

    monkeypatch.setattr(module, name, inner)


def test_five_trainings_read_infer_and_decode_once_and_equal_five_fits(tmp_path, monkeypatch):
    table = tables.make(tmp_path)
    settings = {**TINY, **MEDIA, "data.split.seed": 0}
    fits = [torso.fit(table, TARGETS, settings={**settings, **other}) for other in OTHERS]

    counts: dict[str, int] = {}
    counted(monkeypatch, counts, "torso.runs.prepare", "read_table")
    counted(monkeypatch, counts, "torso.runs.prepare", "infer_columns")
    counted(monkeypatch, counts, "torso.columns.inputs.image", "decode_image")
    counted(monkeypatch, counts, "torso.columns.inputs.audio", "decode_audio")
    new = {"data.cache": str(tmp_path / "another cache")}
    prepared = torso.prepare(table, TARGETS, settings={**settings, **new})
    runs = [torso.train(prepared, other) for other in OTHERS]
    assert counts == {"read_table": 1, "infer_columns": 1, "decode_image": 40, "decode_audio": 40}

    for fitted, trained in zip(fits, runs, strict=True):
        one, other = fitted.model.state_dict(), trained.model.state_dict()
        assert one.keys() == other.keys()
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name], err_msg=name)
        assert str(fitted.reports) == str(trained.reports)
        assert fitted.report.usage == trained.report.usage
        epochs = [
            [(epoch.training, epoch.validation, epoch.metrics) for epoch in run.report.curves]
            for run in (fitted, trained)
        ]
        assert epochs[0] == epochs[1]


def test_a_training_leaves_the_callers_randomness_alone():
    prepared = torso.prepare(tables.plain(), TARGETS, settings=TINY)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    torso.train(prepared)
    assert torch.rand(1) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"inputs.size.kind": "category"},
        {"inputs.note": None},
        {"targets.price.kind": "count"},
        {"data.split.test": 0.3},
        {"data.split.seed": 5},
        {"data.missing": ["none"]},
    ],
)
def test_what_asks_for_another_preparation_is_refused(change):
    prepared = torso.prepare(tables.plain(), TARGETS, settings=TINY)
    with pytest.raises(ConfigError, match=r"Prepare again with it: torso\.prepare"):
        torso.train(prepared, change)


def test_an_encoder_that_asks_for_another_layout_is_refused():
    prepared = torso.prepare(tables.plain(), TARGETS, settings={**TINY, "encoders.note": "ngrams"})
    for name, spec in prepared.settled.inputs.items():
        other = {**spec, "lowercase": False} if name == "note" else spec
        prepared.settled.inputs[name] = other  # as if another encoder had asked for it
    with pytest.raises(ConfigError, match=r"The encoder of 'note' asks for another layout"):
        torso.train(prepared, {"seed": 0})


def test_another_seed_moves_no_row_and_the_run_can_be_repeated(tmp_path):
    table = tables.write(tmp_path / "t.csv", tables.plain())
    prepared = torso.prepare(table, TARGETS, settings=TINY)
    run = torso.train(prepared, {"seed": 7}, out=tmp_path / "run")
    np.testing.assert_array_equal(run.split.split.test, prepared.split.split.test)
    assert run.config.data.split.seed == 0 and run.config.seed == 7
    again = torso.fit(config=tmp_path / "run" / "run.yaml")
    assert str(again.reports) == str(run.reports)


def test_a_training_is_written_and_never_replaces_a_run_unasked(tmp_path):
    prepared = torso.prepare(tables.plain(), TARGETS, settings=TINY)
    run = torso.train(prepared, ["fusion=gated"], out=tmp_path / "run")
    assert run.folder == tmp_path / "run"
    loaded = torso.load(tmp_path / "run")
    assert loaded.config.fusion["type"] == "gated"
    pd.testing.assert_frame_equal(loaded.predict(tables.plain()), run.predict(tables.plain()))
    with pytest.raises(RunError, match="finished run"):
        torso.train(prepared, out=tmp_path / "run")
    torso.train(prepared, out=tmp_path / "run", overwrite=True)


def test_notes_of_the_preparation_are_in_every_run_and_told_once(tmp_path):
    class Watcher(Listener):
        def __init__(self):
            self.notes = []

        def noted(self, message):
            self.notes.append(message)

    watcher = Watcher()
    columns = {**tables.plain(), "same": ["x"] * 40}
    prepared = torso.prepare(columns, TARGETS, settings=TINY, listener=watcher)
    assert prepared.notes == tuple(watcher.notes)
    runs = [torso.train(prepared, out=tmp_path / name, listener=watcher) for name in "ab"]
    assert [note for note in watcher.notes if note in prepared.notes] == [*prepared.notes]
    for run in (*runs, torso.load(tmp_path / "a")):
        assert run.notes[: len(prepared.notes)] == prepared.notes
        assert any("same (left out)" in note for note in run.notes)


def test_a_resumed_run_reports_every_epoch(tmp_path):
    class Stopper(Listener):
        def epoch_done(self, epoch):
            return STOP if epoch.number == 2 else None

    settings = {**TINY, "training.epochs": 4}
    torso.fit(tables.plain(), TARGETS, out=tmp_path, settings=settings, listener=Stopper())
    run = torso.fit(tables.plain(), out=tmp_path, resume=True)
    assert [epoch.number for epoch in run.report.curves] == [1, 2, 3, 4]
    whole = torso.fit(tables.plain(), TARGETS, settings=settings)
    assert run.report.curves[1].validation == whole.report.curves[1].validation
