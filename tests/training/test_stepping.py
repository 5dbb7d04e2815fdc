"""`training.optimizer` and `training.schedule`: every choice learns, resumes to the bit, and says what it does not read."""

import re

import numpy as np
import pytest
import torch

import torso
from tests.training.optimizers.parts import ScheduleFree
from tests.training.test_trainer import trainer
from torso.core.errors import ConfigError, RunError
from torso.training import STOP, Listener, TrainingConfig
from torso.training.checkpoint import Checkpoint

PARTS = "tests.training.optimizers.parts"
CHOICES = {
    "adamw": {},
    "other betas": {"optimizer": {"type": "adamw", "betas": [0.8, 0.9]}},
    "sgd": {"optimizer": "sgd", "lr": 0.05},
    "linear": {"schedule": "linear"},
    "lion": {"optimizer": {f"{PARTS}:Lion": {"betas": [0.9, 0.95]}}, "lr": 3e-4},
    "schedule-free": {"optimizer": f"{PARTS}:ScheduleFree", "schedule": "constant", "lr": 0.05},
    "PyTorch's": {
        "optimizer": "torch.optim:RAdam",
        "schedule": "torch.optim.lr_scheduler:OneCycleLR",
    },
    "in steps": {"schedule": {"type": "torch.optim.lr_scheduler:StepLR", "step_size": 5}},
}
DRAW = np.random.default_rng(0)
TABLE = {"x": DRAW.normal(size=120), "z": DRAW.normal(size=120)}
TABLE["y"] = TABLE["x"] - TABLE["z"]
FAST = {"folds": 0, "blend": "off", "training.epochs": 2}


class StopAfter(Listener):
    def __init__(self, epoch):
        self.epoch = epoch

    def epoch_done(self, epoch):
        return STOP if epoch.number == self.epoch else None


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_learns_and_resumes_to_the_bit(name, tmp_path):
    config = TrainingConfig(epochs=6, average=0.0, **CHOICES[name])
    whole = trainer(config)
    curve = []
    whole.listener.epoch_done = lambda epoch: curve.append(sum(epoch.validation.values()))
    whole.run()
    assert min(curve[1:]) < curve[0]
    first = trainer(config, StopAfter(3), Checkpoint(tmp_path / "state"))
    first.run()
    second = trainer(config, checkpoint=Checkpoint(tmp_path / "state"))
    second.run(resume=True)
    assert second.epoch == whole.epoch and second.stepper.steps == whole.stepper.steps
    for (key, value), other in zip(
        whole.model.state_dict().items(), second.model.state_dict().values(), strict=True
    ):
        assert torch.equal(value, other), key


def test_what_answers_between_epochs_is_the_mean_of_a_schedule_free_optimizer():
    config = TrainingConfig(epochs=1, average=0.0, **CHOICES["schedule-free"])
    loop = trainer(config)
    seen = []
    usual = loop._validate
    loop._validate = lambda: (seen.append([p.detach().clone() for p in loop.trained]), usual())[1]
    loop.run()
    assert isinstance(loop.optimizer, ScheduleFree)
    moved = [loop.optimizer.state[p]["z"] for p in loop.trained]
    assert any(not torch.equal(x, z) for x, z in zip(seen[0], moved, strict=True))
    with loop.stepper.moving():
        assert loop.optimizer.param_groups[0]["moves"]
    assert not loop.optimizer.param_groups[0]["moves"]


def test_defaults_go_by_the_optimizer():
    def chosen(**settings):
        given = {f"training.{key}": value for key, value in settings.items()}
        prepared = torso.prepare(TABLE, ["y"], settings={**FAST, **given})
        config = prepared.config.training
        return config.lr, config.schedule["type"], config.average

    assert chosen() == (1e-3, "cosine", 0.95)
    assert chosen(optimizer="sgd") == (0.05, "cosine", 0.95)
    assert chosen(optimizer={"sgd": {"momentum": 0}}, lr=0.2)[0] == 0.2
    free = f"{PARTS}:ScheduleFree"
    assert chosen(optimizer=free) == (0.5, "constant", 0.0)
    assert chosen(optimizer=free, schedule="linear", average=0.9)[1:] == ("linear", 0.9)
    assert chosen(optimizer=None, schedule=None)[1] == "cosine"


def test_a_run_writes_its_choice_and_goes_on_from_run_yaml(tmp_path):
    free = {"training.optimizer": f"{PARTS}:ScheduleFree"}
    run = torso.fit(TABLE, ["y"], settings={**FAST, **free}, out=tmp_path / "free")
    (note,) = [note for note in run.notes if "Optimizer" in note]
    assert note == (
        f"Optimizer '{PARTS}:ScheduleFree' with `training.lr` 0.5, schedule 'constant'."
    )
    assert torso.load(tmp_path / "free").predict(TABLE)["y"].notna().all()  # imports nothing
    config = tmp_path / "free" / "run.yaml"
    with pytest.raises(ConfigError, match="would import code"):
        torso.fit(TABLE, config=config)
    again = torso.fit(TABLE, config=config, trust_code=True)
    assert again.predict(TABLE).equals(run.predict(TABLE))
    other = torso.fit(TABLE, config=config, settings={"training.optimizer": "adamw"})
    training = other.config.training
    assert (training.lr, training.schedule, training.average) == (1e-3, {"type": "cosine"}, 0.95)
    assert (
        "Config: `training.optimizer` is 'adamw', so `training.lr`, `training.schedule`, `training.average` are chosen "
        "again." in other.notes
    )


def test_keys_that_a_choice_does_not_read_are_told():
    choice = {
        "training.optimizer": "torch.optim:Rprop",
        "training.schedule": {"type": "torch.optim.lr_scheduler:StepLR", "step_size": 3},
    }
    notes = torso.fit(TABLE, ["y"], settings={**FAST, **choice}).notes
    told = " ".join(note for note in notes if "Optimizer" in note or "Not used" in note)
    assert "The schedule is stepped after each batch, of which an epoch has 2." in told
    assert "Not used: `training.weight_decay`, `training.warmup`, which" in told


@pytest.mark.parametrize(
    "settings,message",
    [
        (
            {"optimizer": "adamv"},
            "`training.optimizer`: Unknown optimizer 'adamv'. Did you mean 'adamw'?",
        ),
        (
            {"schedule": "cos"},
            "`training.schedule`: Unknown schedule 'cos'. Did you mean 'cosine'?",
        ),
        (
            {"optimizer": {"type": "sgd", "momentun": 1}},
            "`training.optimizer.momentun`: Unknown setting of optimizer 'sgd': 'momentun'. Did you mean 'momentum'?",
        ),
        (
            {"optimizer": {"type": "sgd", "momentum": "x"}},
            "`momentum` should be a number. Found 'x'",
        ),
        ({"optimizer": {"type": "sgd", "lr": 0.1}}, "Set it there: --set training.lr=0.1"),
        ({"optimizer": {"type": "sgd", "weight_decay": 0}}, "--set training.weight_decay=0"),
        ({"optimizer": {"type": "adamw", "betas": [2, 0.9]}}, "`training.optimizer`: Cannot build"),
        ({"optimizer": 3}, "`training.optimizer` should be a part's name or a mapping"),
        ({"optimizer": "torch.optim:LBFGS"}, "needs a function that computes the loss again"),
        ({"schedule": "torch.optim.lr_scheduler:ReduceLROnPlateau"}, "needs a loss at every step"),
        ({"schedule": "torch.optim.lr_scheduler:StepLR"}, "needs the setting `step_size`"),
        (
            {"optimizer": "no_such:Lion"},
            "No module named 'no_such'. Install it, or let Python look",
        ),
        ({"optimizer": f"{PARTS}:Loin"}, "has no attribute 'Loin'. Did you mean 'Lion'?"),
        (
            {"optimizer": f"{PARTS}:NoOptimizer"},
            "should be a subclass of torch.optim.optimizer.Optimizer",
        ),
    ],
    ids=str,
)
def test_a_choice_that_is_none_is_refused_before_a_row_is_read(settings, message):
    given = {f"training.{key}": value for key, value in settings.items()}
    with pytest.raises(ConfigError, match=re.escape(message)):
        torso.fit("no_such_table.csv", ["y"], settings=given)


def test_state_that_no_checkpoint_holds_is_refused(tmp_path):
    config = TrainingConfig(epochs=1, optimizer=f"{PARTS}:Hoarder")
    with pytest.raises(
        RunError, match=r"Hoarder keeps a set, '0\.seen', which no checkpoint holds"
    ):
        trainer(config, checkpoint=Checkpoint(tmp_path / "state")).run()
    trainer(config).run()
