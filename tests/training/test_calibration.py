"""An epoch is judged by calibrated heads; the training goes on with the heads as they were."""

import numpy as np
import pytest
import torch

from torso.balancing import Equal
from torso.columns.dataset import Dataset
from torso.columns.loader import Loader
from torso.columns.sources import ArraySource
from torso.model import Model, PartSpec
from torso.tasks import Head
from torso.tasks.number.head import Gaussian
from torso.training import Listener, Trainer, TrainingConfig, answer
from torso.training.calibration import refitted_heads

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 3)).astype(np.float32)
SUM = (X.sum(axis=1) + RNG.normal(size=96)).astype(np.float32)
DATASET = Dataset(96, {"numbers": ArraySource(X, np.ones_like(X, bool))}, {"sum": SUM})
HELD_OUT = np.arange(24, 96)


class Ear(Listener):
    def __init__(self):
        self.epochs = []

    def epoch_done(self, epoch):
        self.epochs.append(epoch)


def trainer(listener=None):
    torch.manual_seed(0)
    model = Model.build(
        {"numbers": PartSpec("numbers", "periodic", {"columns": 3})},
        {"sum": PartSpec("number", "gaussian", {"mean": 0.0, "std": 2.0})},
        dim=16,
        fusion="concat",
    )
    return Trainer(
        model,
        Equal(["sum"]),
        Loader(DATASET, np.arange(24), batch_size=8, shuffle=True),
        Loader(DATASET, HELD_OUT, batch_size=96),
        TrainingConfig(epochs=20, lr=0.02, patience=20),
        listener,
    )


def error_of(model):
    outputs = answer(model, Loader(DATASET, HELD_OUT, batch_size=96)).outputs["sum"]
    with torch.no_grad():
        said = model.heads["sum"].stated(outputs).squeeze(1)
    return float((said - torch.from_numpy(SUM[HELD_OUT]) / 2.0).square().mean().sqrt())


def test_within_the_heads_are_calibrated_and_afterwards_as_trained():
    loop = trainer()
    answers = answer(loop.model, loop.validation)
    before = {name: value.clone() for name, value in loop.model.state_dict().items()}
    uncalibrated = answers.losses(loop.model)["sum"]
    with refitted_heads(loop.model, answers):
        head = loop.model.heads["sum"]
        assert float(head.log_spread.detach().exp()) == pytest.approx(
            error_of(loop.model), rel=1e-5
        )
        assert answers.losses(loop.model)["sum"] < uncalibrated
    assert all(torch.equal(value, before[name]) for name, value in loop.model.state_dict().items())


def test_the_heads_come_back_after_an_error():
    loop = trainer()
    before = loop.model.heads["sum"].log_spread.detach().clone()
    with (
        pytest.raises(KeyboardInterrupt),
        refitted_heads(loop.model, answer(loop.model, loop.validation)),
    ):
        raise KeyboardInterrupt
    assert torch.equal(loop.model.heads["sum"].log_spread, before)


def test_the_weights_that_stay_have_calibrated_heads():
    loop = trainer()
    loop.run()
    spread = float(loop.model.heads["sum"].log_spread.detach().exp())
    assert spread == pytest.approx(error_of(loop.model), rel=1e-5)


def test_judging_leaves_the_training_alone(monkeypatch):
    with_it, without = Ear(), Ear()
    first = trainer(with_it)
    first.run()
    monkeypatch.setattr(Gaussian, "calibrate", Head.calibrate)
    second = trainer(without)
    second.run()
    steps = [[epoch.training for epoch in ear.epochs] for ear in (with_it, without)]
    assert steps[0] == steps[1]
    assert with_it.epochs[-1].validation["sum"] < without.epochs[-1].validation["sum"]


def test_a_model_too_sure_of_itself_is_judged_by_what_it_knows(monkeypatch):
    """Few rows, learned by heart: the spread shrinks towards 0, and with it the loss chooses too early."""
    ear = Ear()
    judged = trainer(ear)
    judged.run()
    monkeypatch.setattr(Gaussian, "calibrate", Head.calibrate)
    blind = trainer()
    blind.run()
    assert error_of(judged.model) <= error_of(blind.model)
    best = min(ear.epochs, key=lambda epoch: epoch.validation["sum"])
    assert judged.kept.epoch == best.number
