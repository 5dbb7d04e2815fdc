"""Python speaks: notes are warnings at the caller's line, a bar shows where one can be seen, silence on request."""

import sys
import types
import warnings

import numpy as np
import pandas as pd
import pytest

import torso
from torso.core.errors import ConfigError
from torso.progress import NotebookBar, watched
from torso.training import Epoch, Listener

SMALL = {"training.epochs": 2, "dim": 8, "folds": 0, "blend": "off", "data.cache": None}


def leaking_table() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    kind = draw.choice(["a", "b"], 60)
    return pd.DataFrame(
        {"Moisture": draw.normal(size=60), "leak": np.char.add(kind, "!"), "kind": kind}
    )


class Terminal:
    """Standard error that says it is a terminal."""

    encoding = "utf-8"

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self): ...

    def isatty(self):
        return True


@pytest.mark.filterwarnings("default")
def test_a_leak_is_warned_of_where_fit_was_called():
    with pytest.warns(torso.TorsoWarning, match=r"leak: leaks the target 'kind'") as caught:
        run = torso.fit(leaking_table(), ["kind"], settings=SMALL)
    assert [str(each.message) for each in caught] == list(run.notes)
    assert {each.filename for each in caught} == {__file__}


@pytest.mark.filterwarnings("default")
def test_each_note_is_told_once_by_prepare_and_train():
    with pytest.warns(torso.TorsoWarning) as told:
        prepared = torso.prepare(leaking_table(), ["kind"], settings=SMALL)
    with warnings.catch_warnings(record=True) as later:
        warnings.simplefilter("always")
        run = torso.train(prepared)
    assert [str(each.message) for each in [*told, *later]] == list(run.notes)
    assert "Moisture, leak -> kind" in repr(prepared)
    assert len(repr(prepared)) < 600


@pytest.mark.filterwarnings("error")
def test_a_listener_that_shows_notes_takes_the_place_of_warnings():
    class Log(Listener):
        shows_notes = True

        def __init__(self):
            self.notes = []

        def noted(self, message):
            self.notes.append(message)

    log = Log()
    run = torso.fit(leaking_table(), ["kind"], settings=SMALL, listener=log)
    assert log.notes == list(run.notes) != []


@pytest.mark.filterwarnings("error::torso.TorsoWarning")
def test_a_mere_telling_is_kept_and_shown_but_no_warning(monkeypatch):
    table = leaking_table()[["Moisture", "kind"]]
    settings = {**SMALL, "folds": 3, "training.monitor": "kind.accuracy"}
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    run = torso.fit(table, ["kind"], settings=settings)
    told = [note for note in run.notes if "networks are trained" in note or "Chosen by" in note]
    assert len(told) == len(run.notes) == 2
    shown = " ".join(terminal.text.split())
    assert all(" ".join(note.split()) in shown for note in told)
    assert all(note in repr(run) for note in told)


def test_auto_shows_a_bar_in_a_terminal_and_nothing_in_a_pipe(monkeypatch, capfd):
    prepared = torso.prepare(leaking_table(), ["kind"], settings=SMALL)
    torso.train(prepared)
    assert capfd.readouterr() == ("", "")
    for progress, shown in (("auto", True), (False, False), (True, True)):
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        torso.train(prepared, progress=progress)
        assert ("held-out loss" in terminal.text) == shown, progress
        assert bool(terminal.text) == shown
    with pytest.raises(ConfigError, match=r"`progress` should be 'auto', True or False"):
        torso.train(prepared, progress="yes")


def test_a_notebook_draws_one_output_again(monkeypatch):
    drawn = []

    class Handle:
        def update(self, shown):
            drawn.append(shown)

    def display(shown, *, display_id):
        assert display_id and not drawn
        drawn.append(shown)
        return Handle()

    shell = types.SimpleNamespace(kernel=object())
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    page = types.SimpleNamespace(HTML=str, display=display)
    monkeypatch.setitem(sys.modules, "IPython.display", page)
    with watched(None) as listener:
        listener.started(3, 4)
        listener.batch_done(1, 2)
        listener.epoch_done(Epoch(1, {}, {"<b>": 0.5}, {"<b>": {"r2": 0.25}}, best=True))
        listener.ended("all epochs")
    assert '<div>epoch 1 of 3 <progress value="2" max="4"></progress> 2/4</div>' in drawn[0]
    assert "&lt;b&gt; r2 0.250 best" in drawn[-1]
    assert "<progress" not in drawn[-1]
    assert "Training ended: all epochs." in drawn[-1]
    count = len(drawn)
    with watched(None, progress=False) as listener:
        listener.batch_done(1, 2)
    assert len(drawn) == count
    assert NotebookBar().html() == ""


def test_a_text_is_no_list_of_letters():
    table = leaking_table()
    with pytest.raises(ConfigError, match=r"Write inputs=\['Moisture'\]"):
        torso.fit(table, ["kind"], inputs="Moisture")
    with pytest.raises(ConfigError, match=r"Write settings=\['dim=8'\]"):
        torso.prepare(table, ["kind"], settings="dim=8")
    with pytest.raises(ConfigError, match=r"Write settings=\['dim=8'\]"):
        torso.fit(table, ["kind"], settings="dim=8")
    run = torso.fit(
        table,
        ["kind"],
        inputs=["Moisture"],
        settings=[f"{k}={v}".replace("None", "null") for k, v in SMALL.items()],
    )
    with pytest.raises(ConfigError, match=r"Write keep=\['leak'\]"):
        run.predict(table, keep="leak")
    for shown in (repr(run.reports), repr(run.evaluate(table))):
        header, line = shown.splitlines()
        assert header.split() == [
            "task",
            "kind",
            "metric",
            "value",
            "baseline",
            "verdict",
            "labels",
        ]
        assert line.startswith("kind  binary  AUROC")
    assert run.reports._repr_html_().startswith("<table>")
    assert run.reports == dict(run.report.tasks)
    assert repr(run.reports["kind"]).startswith("<TaskReport binary: auroc ")
    assert all(len(line) < 120 for line in repr(run.report).splitlines())
