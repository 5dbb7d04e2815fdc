"""Signals: the first saves what was learnt, the second ends at once; two trainings never share a folder."""

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import torso
from tests import small_tables as tables
from tests.processes import Started
from torso.core.errors import RunError
from torso.runs.folder.lock import check_not_locked, locked

SETTINGS = {**tables.TINY, "inputs.note": None, "inputs.shop": None, "training.patience": 10**6}
LONG = {**SETTINGS, "training.epochs": 100_000}
EVALUATING = """
import signal, sys, time
from torso.runs.blending.judge import Judge
def judge(self, *_):
    print("judging", flush=True)
    time.sleep(100)
Judge.judge = judge
from torso.app.cli import main
sys.argv = ["torso", *sys.argv[1:]]
main()
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return tables.write(tmp_path_factory.mktemp("table") / "table.csv", tables.plain())


@contextlib.contextmanager
def fit(table, out, settings, code=None):
    """Start a fit, wait until it has learnt, and end it in any case."""
    words = ("fit", table, "-t", "price", "-o", out, *tables.options(settings))
    running = Started(*(("-c", code) if code else ("-m", "torso")), *words)
    try:
        wait(running, lambda: '"number": 2' in text(out / "log.jsonl"))
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


def wait(running, ready):
    until = time.monotonic() + 60
    while not ready():
        assert running.poll() is None, running.wait()[1]
        assert time.monotonic() < until
        time.sleep(0.02)


def text(file):
    with contextlib.suppress(FileNotFoundError):
        return file.read_text()
    return ""


def test_sigterm_keeps_the_best_weights_and_the_run_goes_on(table, tmp_path):
    out = tmp_path / "run"
    with fit(table, out, LONG) as running:
        os.kill(running.pid, signal.SIGTERM)
        status, said = running.wait()
    assert status == 143, said
    assert "Traceback" not in said
    learnt = torso.load(out).report.training
    assert learnt.end == "interrupted"
    epochs = {"training.epochs": learnt.epochs + 1}
    assert torso.fit(table, ["price"], out=out, resume=True, settings=epochs)
    assert torso.load(out).report.training.epochs == learnt.epochs + 1


def test_a_second_signal_ends_at_once(table, tmp_path):
    with fit(table, tmp_path / "run", LONG, EVALUATING) as running:
        os.kill(running.pid, signal.SIGINT)
        wait(running, lambda: "judging" in running.said)
        os.kill(running.pid, signal.SIGINT)
        status, said = running.wait()
    assert status == 130
    assert said.strip().splitlines()[-1] == "Interrupted twice: ended at once."
    assert "Traceback" not in said


def test_a_second_training_in_a_folder_is_refused_while_the_first_one_runs(table, tmp_path):
    out = tmp_path / "run"
    with fit(table, out, LONG) as running:
        for how in ({}, {"overwrite": True}, {"resume": True}):
            with pytest.raises(RunError, match="Another training is under way in"):
                torso.fit(table, ["price"], out=out, settings=SETTINGS, **how)
        assert (out / "torso.json").exists()
        assert running.kill() == -signal.SIGKILL  # nothing is left of its lock
    assert torso.fit(table, ["price"], out=out, settings=SETTINGS, overwrite=True)


def test_a_lock_is_of_one_thread_and_leaves_nothing(tmp_path):
    with locked(tmp_path):
        with locked(tmp_path):  # a fit holds it while it reads, and again while it trains
            check_not_locked(tmp_path)
        with ThreadPoolExecutor(1) as other, pytest.raises(RunError, match="is under way in"):
            other.submit(check_not_locked, tmp_path).result()
        assert [*tmp_path.iterdir()] == []
    check_not_locked(tmp_path)
    check_not_locked(tmp_path / "absent")
