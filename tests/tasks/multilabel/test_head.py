"""Independent Bernoulli likelihoods, summed over the labels that are known."""

import pytest
import torch
from torch.distributions import Bernoulli

from torso.core.errors import ConfigError
from torso.tasks.multilabel import Logistics

NAN = torch.nan


def test_the_likelihood_is_the_sum_over_known_labels():
    torch.manual_seed(0)
    outputs = torch.randn(3, 4, dtype=torch.float64)
    targets = torch.tensor([[1, 0, 1, 0], [1, NAN, NAN, 0], [NAN] * 4], dtype=torch.float64)
    known = ~targets.isnan()
    terms = -Bernoulli(logits=outputs).log_prob(targets.nan_to_num())
    expected = (terms * known).sum(dim=1)
    head = Logistics(5, 4)
    torch.testing.assert_close(head.nll(outputs, targets), expected, rtol=0, atol=1e-12)
    assert head.labelled(targets).tolist() == [True, True, False]
    torch.testing.assert_close(head.loss(outputs, targets), expected[:2].mean())


def test_an_unknown_label_gets_no_gradient():
    outputs = torch.zeros(2, 2, requires_grad=True)
    Logistics(5, 2).loss(outputs, torch.tensor([[1.0, NAN], [NAN, 0.0]])).backward()
    assert outputs.grad.tolist() == [[-0.25, 0.0], [0.0, 0.25]]


def test_labels_do_not_compete():
    prediction = Logistics(5, 3).predict(torch.tensor([[9.0, 9.0, -9.0]]))
    assert prediction.round().tolist() == [[1.0, 1.0, 0.0]]


def test_weights_of_labels_act_in_training_alone():
    outputs, targets = torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [0.0, NAN]])
    head = Logistics(4, 2, ["dog", "cat"], weights={"dog": 3.0})
    half = torch.tensor(0.5).log().neg()  # each term without weights
    torch.testing.assert_close(
        head.train().training_loss(outputs, targets), half * torch.tensor([4.0, 1.0])
    )
    torch.testing.assert_close(head.eval().nll(outputs, targets), half * torch.tensor([2.0, 1.0]))
    balanced = Logistics(4, 2, ["dog", "cat"], [0.2, 0.5], weights="balanced")
    torch.testing.assert_close(balanced.weights, torch.tensor([[0.625, 2.5], [1.0, 1.0]]))
    with pytest.raises(ConfigError, match=r"label in `weights`: .dgo.\. Did you mean .dog."):
        Logistics(4, 2, ["dog", "cat"], weights={"dgo": 3.0})
