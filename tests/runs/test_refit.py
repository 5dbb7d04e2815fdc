"""`refit: true`: the network that is kept has seen the validation rows, the scores are those of the one before."""

import numpy as np
import pytest
import torch

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.runs.networks import refit
from torso.training import Listener

SETTINGS = {**TINY, "training.epochs": 3, "blend": "auto", "plain.models": ["linear"]}


@pytest.fixture(scope="module")
def runs():
    table = tables.plain(160)
    return [
        torso.fit(table, TARGETS, settings={**SETTINGS, "refit": again}) for again in (False, True)
    ]


def test_scores_are_those_of_the_first_network_and_it_is_told(runs):
    once, again = runs
    assert str(once.reports) == str(again.reports)
    assert any(
        "trained again on all 128 training and validation rows" in note
        for note in again.report.notes
    )
    assert not any("trained again" in note for note in once.report.notes)


def test_weights_are_new_and_the_calibration_is_that_of_the_first(runs):
    first, second = (run.model.state_dict() for run in runs)
    assert any(not torch.equal(first[name], second[name]) for name in first)
    buffers = [name for name, _ in runs[0].model.heads.named_buffers()]
    assert any("scale" in name for name in buffers)
    for name in buffers:
        torch.testing.assert_close(
            runs[0].model.heads.state_dict().get(name), runs[1].model.heads.state_dict().get(name)
        )


def test_a_refitted_run_is_saved_and_answers(runs, tmp_path):
    runs[1].save(tmp_path / "run")
    table = tables.plain(20, seed=1)
    before, after = (run.predict(table) for run in (runs[1], torso.load(tmp_path / "run")))
    np.testing.assert_array_equal(before["price"], after["price"])
    assert np.isfinite(before["price"]).all()


def test_it_takes_as_many_epochs_as_were_best(runs, monkeypatch):
    taken = []

    def counted(*arguments, last_epoch=None, **how):
        network = train(*arguments, last_epoch=last_epoch, **how)
        taken.append((last_epoch, network.trainer.epoch, network.trainer.kept.epoch))
        return network

    train = refit.train_network
    monkeypatch.setattr(refit, "train_network", counted)
    run = torso.fit(
        tables.plain(60), ["price"], settings={**TINY, "training.epochs": 4, "refit": True}
    )
    best = run.report.training.best_epoch
    assert taken == [(best, best, best)]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"settings": {"folds": 3}}, "its networks together have learnt from every row"),
        ({"validation": tables.plain(20, seed=2)}, "a table of its own validates"),
    ],
)
def test_where_it_says_nothing_new_the_first_stays(how, why):
    settings = {**TINY, "refit": True, **how.pop("settings", {})}
    run = torso.fit(tables.plain(60), ["price"], settings=settings, listener=Listener(), **how)
    assert any(why in note for note in run.report.notes)
