"""`processes=N` and `torchrun`: the run of one process; a process that dies ends the others, and the run goes on."""

import os
import signal
import socket

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from tests.processes import Started, wait_for
from torso.core.errors import ConfigError, RunError
from torso.runs.processes import team
from torso.training import Listener

STEADY = {
    **tables.TINY,
    "blend": "off",
    "folds": 0,
    "fusion": {"type": "concat", "dropout": 0.0},
    "encoders.numbers.dropout": 0.0,
    "training.modality_dropout": 0.0,
    "training.optimizer": "sgd",  # Adam makes of rounding in a small gradient a whole step
    "training.lr": 0.01,
    "training.epochs": 2,
    "refit": True,
}
"""Settings of a fit that draws nothing for single rows."""


def numbers(rows=90):
    x = np.random.default_rng(0).normal(size=(rows, 3))
    return {
        "size": x[:, 0],
        "weight": x[:, 1],
        "price": x[:, 0] * 2 + x[:, 1] + 0.1 * x[:, 2],
        "heavy": np.where(x[:, 1] > 0, "yes", "no"),
    }


class Kills(Listener):
    """Ends another process in the third epoch, as a system without memory would."""

    def batch_done(self, epoch, batch):
        if (epoch, batch) == (3, 1):
            os.kill(team._TEAM.get().children.pids[0], signal.SIGKILL)


def test_two_processes_give_the_run_of_one():
    table = numbers()
    runs = [
        torso.fit(table, ["price", "heavy"], settings=STEADY, processes=number, progress=False)
        for number in (1, 2)
    ]
    one, two = (run.predict(table) for run in runs)
    for column in ("price", "price_spread", "heavy_probability"):
        np.testing.assert_allclose(two[column], one[column], rtol=1e-3, err_msg=column)
    one, two = (run.report.curves[-1] for run in runs)
    assert two.training == pytest.approx(one.training, rel=1e-5)
    assert two.validation == pytest.approx(one.validation, rel=1e-5)
    assert any("by 2 processes" in note for note in runs[1].report.notes)


def test_a_killed_process_ends_the_others_and_the_run_goes_on(tmp_path):
    table, settings = numbers(), {**STEADY, "training.epochs": 4}
    words = {"settings": settings, "out": tmp_path / "run"}
    with pytest.raises(RunError, match=r"Process 1 of 2 .*signal 9 .*--resume"):
        torso.fit(table, ["price", "heavy"], processes=2, listener=Kills(), **words)
    run = torso.fit(table, ["price", "heavy"], resume=True, progress=False, **words)
    assert [epoch.number for epoch in run.report.curves] == [1, 2, 3, 4]


def test_under_torchrun_the_first_process_writes_and_the_others_help(tmp_path):
    table = tables.write(tmp_path / "table.csv", tables.plain())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("-m", "torso", "fit", table, "-t", "price", "-o", tmp_path / "run")
    started = [
        Started(
            *words,
            *tables.options({**tables.TINY, "blend": "off", "folds": 0}),
            environment={
                "RANK": str(rank),
                "WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            },
        )
        for rank in (0, 1)
    ]
    wait_for(started)
    assert "by 2 processes" in " ".join(torso.load(tmp_path / "run").report.notes)


@pytest.mark.parametrize("processes", [0, -1, 1.5, "2", True])
def test_a_number_of_processes_that_is_none_is_refused(processes):
    with pytest.raises(ConfigError, match=r"`processes` should be a whole number of 1 or more"):
        torso.fit(numbers(), ["price"], processes=processes)


def test_more_processes_than_rows_are_refused_before_they_start():
    with pytest.raises(ConfigError, match=r"at most the number of rows .* Found 50"):
        torso.fit(numbers(), ["price"], settings=STEADY, processes=50, listener=Listener())


def test_own_metrics_of_a_script_are_refused_in_a_sentence():
    def worst(labels, answers):
        return float(np.abs(labels - answers).max())

    settings = {**STEADY, "targets.price.metrics": [worst]}
    with pytest.raises(ConfigError, match=r"cannot be handed to another process"):
        torso.fit(numbers(), ["price"], settings=settings, processes=2, listener=Listener())
