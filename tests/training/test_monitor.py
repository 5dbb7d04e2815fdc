"""What a balancer saw, as the log and the summary tell it."""

import json

import pytest
import torch

from tests.training.test_trainer import trainer
from torso.balancing import Balancer, Equal
from torso.training import JsonLog, Listener, TrainingConfig
from torso.training.monitor import GradientMonitor

TASKS = ["sign", "sum"]


class Ear(Listener):
    def __init__(self):
        self.looks, self.epochs = [], []

    def looked(self, look):
        self.looks.append(look)

    def epoch_done(self, epoch):
        self.epochs.append(epoch)


def build(**spec):
    return Balancer.registry.build(spec, tasks=TASKS)


@pytest.mark.parametrize(
    ("gram", "looks"),
    [("exact", 9), ("representation", 9), ("sketch", 5)],  # 9 steps; sketched: 0, 1, 2, 4 and 8
)
def test_every_look_is_told_with_its_matrix(gram, looks):
    ear = Ear()
    loop = trainer(balancer=build(type="upgrad", gram=gram), listener=ear)
    loop.run()
    assert len(ear.looks) == looks
    for look in ear.looks:
        matrix = torch.tensor(look.gram)
        assert matrix.shape == (2, 2)
        assert bool((matrix.diagonal() > 0).all())
        assert list(look.losses) == list(look.weights) == TASKS
    found = loop.monitor.summary()
    assert found["looks"] == looks
    below_zero = [look.gram[0][1] < 0 for look in ear.looks]
    assert found["conflicts"] == pytest.approx(sum(below_zero) / looks)
    assert found["overhead"] > 0
    assert all(epoch.overhead > 0 for epoch in ear.epochs)


def test_a_balancer_that_never_looks_tells_nothing():
    ear = Ear()
    loop = trainer(balancer=Equal(TASKS), listener=ear)
    loop.run()
    assert ear.looks == []
    assert all(epoch.overhead is None and epoch.conflicts is None for epoch in ear.epochs)
    assert loop.monitor.summary()["overhead"] is None


def test_a_task_without_labels_is_null_in_the_log(tmp_path):
    balancer = build(type="mgda", gram="exact")
    looks, x = GradientMonitor(balancer), torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    losses = torch.stack([x.square().sum(), x.sum()])
    balancer.backward(losses, [x], torch.tensor([True, False]))
    look = looks.newest(1, 1, losses.detach())
    assert look is not None
    JsonLog(tmp_path / "log.jsonl").looked(look)
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert line["event"] == "look"
    assert line["gram"] == [[20.0, None], [None, None]]
    assert looks.newest(1, 2, losses.detach()) is None


def test_fused_gradients_are_those_of_the_shared_tokens():
    """`representation` has one tensor, and its Gram matrix is that of the heads' gradients there."""
    loop = trainer(
        balancer=build(type="mgda", gram="representation"), config=TrainingConfig(epochs=1)
    )
    batch = next(iter(loop.training))
    losses, _, representation = loop._losses(batch)
    assert len(representation) == 1
    rows = [
        torch.autograd.grad(loss, representation, retain_graph=True)[0].flatten() for loss in losses
    ]
    loop.balancer.backward(losses, loop.shared, own=loop.own, representation=representation)
    expected = torch.stack(rows) @ torch.stack(rows).T
    torch.testing.assert_close(loop.balancer.gram().float(), expected, rtol=1e-4, atol=1e-8)
