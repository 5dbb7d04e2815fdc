"""Threads of an operator: as many as the work of a batch pays for, and PyTorch's own number afterwards."""

import numpy as np
import torch
from torch import nn

import torso
from tests.training.test_trainer import DATASET, model
from torso.columns.loader import Loader
from torso.core.types import Features
from torso.training import Listener, threads
from torso.training.threads import multiplications, operator_threads, suited_threads


class Picture(nn.Module):
    """A convolution to 2 x 4 x 4 numbers and a layer to 5."""

    def __init__(self):
        super().__init__()
        self.kernels = nn.Conv2d(1, 2, kernel_size=3, padding=1)
        self.layer = nn.Linear(32, 5)

    def forward(self, inputs):
        return self.layer(self.kernels(inputs["picture"].values).flatten(1))


def test_a_convolution_counts_each_place_and_every_other_weight_once_a_row():
    inputs = {"picture": Features(torch.zeros(3, 1, 4, 4), torch.ones(3, 1, dtype=torch.bool))}
    convolution, layer, biases = 2 * 16 * 9, 32 * 5, 2 + 5
    picture = Picture().train()
    assert multiplications(picture, inputs) == 3 * (convolution + layer + biases)
    assert picture.training
    assert not picture.layer._forward_hooks


def test_a_small_network_takes_one_thread_and_a_large_one_no_more_than_pytorch(monkeypatch):
    network, loader = model(), Loader(DATASET, np.arange(64), batch_size=32)
    work = 32 * sum(p.numel() for p in network.parameters())
    with operator_threads(3):
        assert suited_threads(network, loader) == 1
        for worth, suited in ((0.7 * work, 2), (0.1 * work, 3)):
            monkeypatch.setattr(threads, "_WORTH", worth)
            assert suited_threads(network, loader) == suited


def test_a_fit_has_its_threads_and_leaves_those_of_the_process():
    seen = []

    class Watch(Listener):
        def epoch_done(self, epoch):
            seen.append(torch.get_num_threads())

    table = {"size": np.arange(60.0) ** 1.5, "price": np.arange(60.0) % 7}
    for setting, number in ((None, 1), (2, 2)):
        settings = {"training.threads": setting, "training.epochs": 1, "blend": "off", "folds": 0}
        with operator_threads(3):
            torso.fit(table, ["price"], settings=settings, listener=Watch())
            assert torch.get_num_threads() == 3
        assert {*seen} == {number}
        seen.clear()
