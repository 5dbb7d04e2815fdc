"""The best weights: of one epoch, or the mean over the tasks."""

import math

import pytest
import torch
from torch import nn

from torso.training.best import Best


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("bound", torch.tensor(math.inf))

    def at(self, epoch):
        self.weight.data.fill_(float(epoch))
        self.steps.fill_(epoch)


CURVES = [(5, 5), (3, 6), (4, 3), (4, 4)]  # the held-out losses of two tasks


def looked(select_tasks=True, curves=CURVES, model=None):
    model = model or Model()
    best = Best(model, of_tasks=select_tasks)
    told = []
    for epoch, (a, b) in enumerate(curves, start=1):
        model.at(epoch)
        told.append(best.look({"a": float(a), "b": float(b), "unlabelled": math.nan}, epoch))
    return model, best, told


def test_each_task_has_its_own_epoch():
    model, best, told = looked()
    assert told == [True, True, True, False] and best.epoch == 3 and best.loss == 7
    note = best.settle(lambda: {"a": 3.0, "b": 3.5})
    assert "2 (a); 3 (b)" in note and "--set training.select=total" in note
    assert model.weight.tolist() == [2.5, 2.5] and model.frozen.tolist() == [1, 1]
    assert int(model.steps) == 3 and model.bound == math.inf  # that of the best total


def test_the_total_has_one_epoch():
    model, best, told = looked(select_tasks=False)
    assert told == [True, True, True, False]
    assert best.settle(lambda: pytest.fail("nothing to measure")) is None
    assert model.weight.tolist() == [3, 3]


def test_the_one_epoch_was_lucky_with_the_rows_that_chose_it():
    model, best, _ = looked()
    assert best.settle(lambda: {"a": 7.015, "b": 0.0}) is not None
    assert model.weight.tolist() == [2.5, 2.5]


@pytest.mark.parametrize("total", [7.1, math.inf])
def test_a_mean_that_is_worse_is_not_kept(total):
    model, best, _ = looked()
    assert best.settle(lambda: {"a": total, "b": 0.0, "unlabelled": math.nan}) is None
    assert model.weight.tolist() == [3, 3]


def test_one_task_is_as_the_total():
    model, best, _ = looked(curves=[(2, math.nan), (1, math.nan), (3, math.nan)])
    assert best.epoch == 2
    assert best.settle(lambda: pytest.fail("nothing to measure")) is None
    assert model.weight.tolist() == [2, 2]


def test_copies_share_what_is_frozen_and_none_is_kept_for_nothing():
    _, best, _ = looked()
    tensors, of = best.state()
    assert {key.split("/")[0] for key in tensors} == {"2", "3"} and set(of) == {"", "a", "b"}
    assert tensors["2/frozen"].data_ptr() == tensors["3/frozen"].data_ptr()


def test_it_goes_on_from_a_checkpoint():
    model, best, _ = looked()
    again = Best(model, of_tasks=True)
    again.restore(*best.state())
    assert (again.epoch, again.loss) == (best.epoch, best.loss)
    assert not again.look({"a": 3.0, "b": 3.0}, 5) and again.look({"a": 2.0, "b": 9.0}, 6)


def test_a_checkpoint_of_an_earlier_version_had_one_epoch():
    model, _, _ = looked()
    again = Best(model, of_tasks=True)
    again.restore({k: v + 1 for k, v in model.state_dict().items()}, {"": (4, 1.5)})
    assert (again.epoch, again.loss, again.of_tasks) == (4, 1.5, False)
    again.settle(dict)
    assert model.weight.tolist() == [5, 5]
