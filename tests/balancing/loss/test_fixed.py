"""Weights that the user chose."""

import pytest
import torch
from torch import nn

from torso.balancing import Balancer, Fixed
from torso.core.errors import ConfigError


def test_one_number_by_hand():
    x = nn.Parameter(torch.tensor(2.0))
    balancer = Fixed(["a", "b", "c"], weights={"b": 0.5, "c": 0.0})
    balancer.backward(torch.stack([x**2, 3 * x, 100 * x]), [x])
    assert x.grad.item() == 5.5
    assert balancer.task_weights() == {"a": 1.0, "b": 0.5, "c": 0.0}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"aple": 1.0}, r"Unknown task in `weights`: 'aple'\. Did you mean 'apple'"),
        ({"apple": -1.0}, r"`weights` should be finite and not negative\. Found {'apple': -1\.0}"),
        ({"apple": float("inf")}, r"should be finite"),
        ({"apple": float("nan")}, r"should be finite"),
        ({"apple": "much"}, r"Cannot build balancing 'fixed'"),
        (
            [1.0],
            r"`weights` should be one number per task\. Found \[1\.0\] for \['apple', 'pear'\]",
        ),
    ],
)
def test_wrong_weights_are_refused(weights, message):
    with pytest.raises(ConfigError, match=message):
        Balancer.registry.build({"type": "fixed", "weights": weights}, tasks=["apple", "pear"])


def test_weights_must_be_given():
    with pytest.raises(ConfigError, match=r"Cannot build balancing 'fixed'.*`weights` is required"):
        Balancer.registry.build("fixed", tasks=["apple"])
