"""The loop by itself: it learns, stops, keeps the best, resumes, and never asks a balancer its name."""

import math

import numpy as np
import pytest
import torch

from torso.balancing import Balancer, Equal
from torso.columns.dataset import Dataset
from torso.columns.loader import Loader
from torso.columns.sources import ArraySource
from torso.core.errors import ConfigError, RunError
from torso.model import Model, PartSpec
from torso.training import STOP, Listener, Stop, Trainer, TrainingConfig
from torso.training.checkpoint import Checkpoint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 3)).astype(np.float32)
TARGETS = {
    "sign": (X[:, 0] > 0).astype(np.float32),
    "sum": X.sum(axis=1).astype(np.float32),
}
DATASET = Dataset(64, {"numbers": ArraySource(X, np.ones_like(X, bool))}, TARGETS)


def model(seed=0, **settings):
    torch.manual_seed(seed)
    return Model.build(
        {"numbers": PartSpec("numbers", "periodic", {"columns": 3})},
        {
            "sign": PartSpec("binary", "logistic", {}),
            "sum": PartSpec("number", "gaussian", {"mean": 0.0, "std": 1.7}),
        },
        dim=16,
        **{"fusion": "concat", **settings},
    )


def trainer(
    config=None,
    listener=None,
    checkpoint=None,
    balancer=None,
    dataset=DATASET,
    rows=range(48),
    **settings,
):
    return Trainer(
        model(**settings),
        balancer or Equal(["sign", "sum"]),
        Loader(dataset, np.array(rows), batch_size=16, shuffle=True),
        Loader(dataset, np.arange(48, 64), batch_size=64),
        config or TrainingConfig(epochs=3, lr=0.01),
        listener,
        checkpoint=checkpoint,
    )


class Ear(Listener):
    def __init__(self, stop_after=None):
        self.epochs, self.steps, self.ends, self.stop_after = [], 0, [], stop_after

    def batch_done(self, epoch, batch):
        self.steps += 1

    def epoch_done(self, epoch):
        self.epochs.append(epoch)
        if self.stop_after == epoch.number:
            raise KeyboardInterrupt

    def ended(self, reason):
        self.ends.append(reason)


def test_it_learns():
    ear = Ear()
    loop = trainer(TrainingConfig(epochs=25, lr=0.02, patience=25), ear)
    assert loop.run() == "all epochs"
    first, last = ear.epochs[0].validation, ear.epochs[-1].validation
    assert last["sign"] < 0.6 * first["sign"]
    assert last["sum"] < first["sum"] - 0.5
    assert ear.steps == 25 * 3
    assert ear.ends == ["all epochs"]
    assert ear.epochs[0].rows == 48


def test_the_best_weights_are_those_that_stay():
    loop = trainer(TrainingConfig(epochs=6, lr=0.3, patience=6, select="total"))
    loop.run()
    from torso.training import answer

    losses = answer(loop.model, loop.validation).losses(loop.model)
    assert sum(losses.values()) == pytest.approx(loop.kept.loss, rel=1e-5)
    assert loop.kept.epoch <= loop.epoch == 6


def test_patience_ends_it():
    loop = trainer(TrainingConfig(epochs=50, lr=1.0, patience=2))
    assert loop.run() == "no better held-out loss"
    assert loop.epoch == loop.kept.epoch + 2


def test_an_interrupt_is_a_clean_end():
    ear = Ear(stop_after=2)
    loop = trainer(TrainingConfig(epochs=9), ear)
    assert loop.run() == "interrupted"
    assert ear.ends == ["interrupted"]
    copies, _ = loop.kept.state()
    for name, value in loop.model.state_dict().items():
        assert torch.equal(value, copies[f"{loop.kept.epoch}/{name}"])


@pytest.mark.parametrize(
    ("answer", "reason"), [(STOP, "stopped by Pruner"), (Stop("the trial is pruned"),) * 2]
)
def test_a_listener_ends_it_and_it_can_go_on(tmp_path, answer, reason):
    reason = getattr(reason, "reason", reason)

    class Pruner(Ear):
        def epoch_done(self, epoch):
            super().epoch_done(epoch)
            return answer if epoch.number == 2 else None

    config, ear = TrainingConfig(epochs=5, lr=0.02), Pruner()
    pruned = trainer(config, ear, Checkpoint(tmp_path / "c"))
    assert pruned.run() == reason
    assert pruned.resumable
    assert ear.ends == [reason]
    assert len(ear.epochs) == 2
    whole = trainer(config)
    whole.run()
    rest = trainer(config, None, Checkpoint(tmp_path / "c"), seed=7)
    assert rest.run(resume=True) == "all epochs"
    assert not rest.resumable
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, rest.model.state_dict()[name]), name


def test_resuming_equals_never_stopping(tmp_path):
    config = TrainingConfig(epochs=5, lr=0.02)
    torch.manual_seed(1)
    whole = trainer(config, modality_dropout=0.5)
    whole.run()
    trainer(config, Ear(stop_after=2), Checkpoint(tmp_path / "c"), modality_dropout=0.5).run()
    torch.manual_seed(99)
    again = trainer(config, None, Checkpoint(tmp_path / "c"), seed=7, modality_dropout=0.5)
    again.run(resume=True)
    assert again.epoch == 5
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name
    with pytest.raises(RunError, match="nothing to resume"):
        trainer(config, None, Checkpoint(tmp_path / "other")).run(resume=True)
    with pytest.raises(ConfigError, match="Nothing to resume: give the trainer `checkpoint`"):
        trainer(config).run(resume=True)


def test_a_batch_without_labels_of_a_task_leaves_its_head_alone():
    targets = {"sign": TARGETS["sign"], "sum": np.full(64, np.nan, np.float32)}
    ear = Ear()
    loop = trainer(
        listener=ear,
        dataset=Dataset(64, DATASET.sources, targets),
        config=TrainingConfig(epochs=1, weight_decay=0.0),
    )
    before = {name: value.clone() for name, value in loop.model.heads["sum"].state_dict().items()}
    loop.run()
    for name, value in loop.model.heads["sum"].state_dict().items():
        assert torch.equal(value, before[name])
    assert math.isnan(ear.epochs[0].validation["sum"])
    assert loop.kept.loss == pytest.approx(ear.epochs[0].validation["sign"])


def test_no_label_at_all_in_the_held_out_rows():
    targets = {task: target.copy() for task, target in TARGETS.items()}
    for target in targets.values():
        target[48:] = np.nan
    with pytest.raises(
        ConfigError, match=r"No validation row has a label.*data\.split\.validation"
    ):
        trainer(dataset=Dataset(64, DATASET.sources, targets)).run()


@pytest.mark.parametrize("rows", [48, 16])
def test_a_training_that_diverges_says_so(rows):
    with pytest.raises(ConfigError, match=r"loss of \['sign', 'sum'\] is .*Lower `training\.lr`"):
        trainer(TrainingConfig(epochs=3, lr=1e30, clip=1e30), rows=range(rows)).run()


def test_the_balancer_is_called_and_not_asked():
    calls = []

    class Spy(Balancer):
        def backward(self, losses, shared, labelled=None, *, own=None, representation=()):
            calls.append(
                ("backward", len(losses), all(isinstance(p, torch.nn.Parameter) for p in shared))
            )
            losses.sum().backward()

        def after_step(self, recompute):
            calls.append(("after_step", recompute().shape))

        def end_epoch(self):
            calls.append(("end_epoch",))

    trainer(TrainingConfig(epochs=2), balancer=Spy(["sign", "sum"])).run()
    one_epoch = [("backward", 2, True), ("after_step", (2,))] * 3 + [("end_epoch",)]
    assert calls == one_epoch * 2


def test_biases_and_norms_do_not_decay():
    loop = trainer()
    for group in loop.optimizer.param_groups:
        for parameter in group["params"]:
            assert (group["weight_decay"] > 0) == (parameter.ndim > 1)
    counted = sum(len(group["params"]) for group in loop.optimizer.param_groups)
    assert counted == len(list(loop.model.parameters()))


@pytest.mark.parametrize("sharing", ["mmoe", "cgc", "ple", "dselect_k"])
def test_what_tasks_use_of_experts_goes_to_the_log(sharing):
    ear = Ear()
    loop = trainer(listener=ear, sharing=sharing)
    told = []
    ear.epoch_done = lambda epoch: told.append((epoch, loop.model.sharing.mixing()))
    loop.run()
    assert len(told) == 3
    for epoch, mixing in told:
        assert epoch.to_dict()["mixing"] == mixing
        for task in ("sign", "sum"):
            assert sum(mixing[task].values()) == pytest.approx(1.0)
    assert told[0][1] != told[2][1]  # it follows the training


def test_without_experts_the_log_says_nothing_of_them():
    ear = Ear()
    trainer(listener=ear).run()
    assert "mixing" not in ear.epochs[0].to_dict()


def test_a_sharing_s_penalty_is_trained_on():
    """The entropy of the selectors is part of the training losses alone."""
    for weight in (0.0, 5.0):
        ear = Ear()
        config = TrainingConfig(epochs=1, lr=0.01)
        trainer(config, ear, sharing={"type": "dselect_k", "entropy": weight}).run()
        for task in ("sign", "sum"):  # two selectors of four experts owe 2 log 4 each at most
            gap = ear.epochs[0].training[task] - ear.epochs[0].validation[task]
            assert (gap > 1.0) == (weight > 0), (weight, gap)
