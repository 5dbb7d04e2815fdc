"""The categorical likelihood."""

import math

import pytest
import torch
from torch.distributions import Categorical

from torso.core.errors import ConfigError
from torso.tasks import Head
from torso.tasks.category import Softmax

OUTPUTS = torch.tensor([[0.0, math.log(3.0), 0.0], [2.0, -1.0, 0.5]], dtype=torch.float64)


def head():
    return Softmax(4, 3).double()


def test_one_number_by_hand():
    targets = torch.tensor([1, -1])
    assert head().loss(OUTPUTS, targets).item() == pytest.approx(-math.log(3 / 5))
    assert head().predict(OUTPUTS)[0].tolist() == pytest.approx([0.2, 0.6, 0.2])


def test_the_likelihood_is_that_of_torch_distributions():
    targets = torch.tensor([2, 0])
    expected = -Categorical(logits=OUTPUTS).log_prob(targets)
    torch.testing.assert_close(head().nll(OUTPUTS, targets), expected, rtol=0, atol=1e-12)


def test_a_class_that_training_never_saw_is_no_label():
    """Evaluation data may hold classes past the last one of training: -1 and 3 alike count as none."""
    targets = torch.tensor([1, 3])
    assert head().labelled(targets).tolist() == [True, False]
    assert head().loss(OUTPUTS, targets).equal(head().loss(OUTPUTS, torch.tensor([1, -1])))
    assert head().loss(OUTPUTS, torch.tensor([3, 99])).item() == 0.0


def trained(**settings):
    offered = {"names": ["a", "b", "c"], "frequencies": [0.5, 0.25, 0.25]}
    return Softmax(4, 3, **offered, **settings).double()


TARGETS = torch.tensor([1, 0])


def test_smoothing_and_weights_are_those_of_torch():
    smoothed = torch.nn.functional.cross_entropy(
        OUTPUTS, TARGETS, reduction="none", label_smoothing=0.2
    )
    found = trained(smoothing=0.2).training_loss(OUTPUTS, TARGETS)
    torch.testing.assert_close(found, smoothed)
    weights = torch.tensor([2.0, 0.5, 1.0], dtype=torch.float64)
    weighted = torch.nn.functional.cross_entropy(OUTPUTS, TARGETS, weights, reduction="none")
    found = trained(weights={"a": 2.0, "b": 0.5}).training_loss(OUTPUTS, TARGETS)
    torch.testing.assert_close(found, weighted)


def test_the_focal_factor_by_hand():
    """The first row's class has probability 3/5: (2/5)^2 of its cross-entropy is left."""
    found = trained(focal=2.0).training_loss(OUTPUTS[:1], TARGETS[:1])
    assert found.item() == pytest.approx(0.16 * -math.log(0.6))
    sure = torch.tensor([[0.0, 900.0, 0.0]], dtype=torch.float64, requires_grad=True)
    trained(focal=0.5).training_loss(sure, TARGETS[:1]).sum().backward()
    assert sure.grad.isfinite().all()


def test_balanced_weights_make_classes_count_alike():
    head = trained(weights="balanced")
    assert head.weights.tolist() == pytest.approx([2 / 3, 4 / 3, 4 / 3])
    assert (head.weights * torch.tensor([0.5, 0.25, 0.25])).sum().item() == pytest.approx(1.0)
    absent = Softmax(4, 3, frequencies=[0.5, 0.5, 0.0], weights="balanced")
    assert absent.weights.tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"smoothing": 1.0}, "from 0 to below 1. Found 1.0"),
        ({"focal": -1.0}, "at least 0. Found -1.0"),
        ({"weights": "equal"}, "'none', 'balanced' or a mapping of numbers. Found 'equal'"),
        ({"weights": {"a": -1.0}}, "0 or more"),
        ({"weights": {"aa": 1.0}}, "Unknown class in `weights`: 'aa'. Did you mean 'a'"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        Head.registry.build(
            {"type": "category/softmax", **settings}, dim=4, classes=2, names=["a", "b"]
        )
