"""Which device, in which precision."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.training import autocast, choose_device


def test_auto_takes_the_best_there_is():
    best = (
        "cuda"
        if torch.cuda.is_available()
        else "mps"
        if torch.backends.mps.is_available()
        else "cpu"
    )
    assert choose_device("auto").type == choose_device().type == best
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "", "cpu:x"])
def test_a_device_that_is_not_here(name):
    with pytest.raises(
        ConfigError, match=rf"`training.device` names '{name}'.*Use 'auto' or 'cpu'"
    ):
        choose_device(name)


@pytest.mark.parametrize(
    "precision,dtype",
    [("auto", torch.float32), ("float32", torch.float32), ("bfloat16", torch.bfloat16)],
)
def test_precision_on_the_cpu(precision, dtype):
    with autocast(torch.device("cpu"), precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
