"""A loss that is NaN or infinite ends a training, but takes nothing with it: the best weights stay, and the rows are named."""

import re
import shlex

import numpy as np
import pytest
import torch

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.core.errors import Diverged
from torso.tasks.number.head import Gaussian

SLOW = {**TINY, "training.epochs": 6, "training.device": "cpu"}


@pytest.fixture
def spoilt(monkeypatch):
    """Make the likelihood of numbers NaN for one row, from the ninth training batch on; `broken[0]` switches it."""
    plain, steps, broken = Gaussian.nll, [0], [True]

    def nll(self, outputs, targets, /):
        steps[0] += self.training and len(targets) > 1
        losses = plain(self, outputs, targets)
        bad = broken[0] and steps[0] > 8
        return torch.where(targets == worst, torch.nan, losses) if bad else losses

    worst = torch.tensor(tables.plain()["price"], dtype=torch.float32).max()
    monkeypatch.setattr(Gaussian, "nll", nll)
    return broken


def test_a_diverged_run_is_saved_and_goes_on(tmp_path, spoilt, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = tables.write(tmp_path / "table.csv", tables.plain())
    said = [word for name in TARGETS for word in ("-t", name)]
    assert tables.torso("fit", table, *said, "-o", "run", *tables.options(SLOW)) == 1
    shown = capsys.readouterr()
    run = torso.load("run")
    assert run.report.training.end == "diverged"
    assert 0 < run.report.training.best_epoch < 6
    (note,) = [note for note in run.notes if "Diverged" in note]
    assert re.search(r"Epoch \d, batch \d: The loss of \['price'\] is \[nan\]", note)
    worst = int(np.argmax(tables.plain()["price"])) + 1
    assert f"It comes from row {worst} of the table." in note
    assert "Diverged" in shown.err.replace("\n", " ")
    assert len(run.predict(str(table))) == 40
    assert np.isfinite(run.reports["price"].metrics["rmse"].value)

    spoilt[0] = False
    cure = re.search(r"torso (fit --resume .*)", shown.out).group(1)
    assert tables.torso(*shlex.split(cure)) == 0
    again = torso.load("run")
    assert again.report.training.epochs == 6
    assert again.config.training.lr < run.config.training.lr


def test_without_best_weights_it_is_an_error_that_leaves_no_run(tmp_path, monkeypatch):
    plain = Gaussian.nll
    monkeypatch.setattr(Gaussian, "nll", lambda self, o, t, /: plain(self, o, t) * torch.inf)
    with pytest.raises(Diverged, match=r"Epoch 1, batch 1: .*inf.* No row is without it"):
        torso.fit(tables.plain(), TARGETS, settings=SLOW, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_infinite_held_out_loss_counts_as_diverged(monkeypatch):
    plain = Gaussian.nll

    def nll(
        self, outputs, targets, /
    ):  # one validation row, as a label beyond float32 would have it
        return torch.where(targets > 1e3, torch.inf, plain(self, outputs, targets))

    monkeypatch.setattr(Gaussian, "nll", nll)
    table = {**tables.plain(), "part": ["train"] * 30 + ["validation"] * 10}
    table["price"][34] = 2e3
    settings = {**SLOW, "data.split.column": "part", "data.split.test": 0.0}
    with pytest.raises(Diverged, match=r"held-out loss of \['price'\] is \[inf\].* from row 35 of"):
        torso.fit(table, TARGETS, settings=settings)
