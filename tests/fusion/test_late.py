"""Opinions joined at the end: the mean of decisions, and a product of Gaussian experts."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.fusion import laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion, Late

NAMES = list(laws.LENGTHS)


def late(rule):
    torch.manual_seed(0)
    return Late(NAMES, laws.DIM, rule=rule).double().eval()


def alone(fusion, given, row):
    """Return what each modality of the row says by itself."""
    said = []
    for name, modality in given.items():
        present_tokens = modality.values[row][modality.mask[row]]
        if len(present_tokens):
            first, _, _, last = fusion.opinion[name]
            hidden = functional.gelu(first.weight @ present_tokens.mean(dim=0) + first.bias)
            said.append(last.weight @ hidden + last.bias)
    return said


def test_the_mean_of_those_who_are_there():
    fusion, given = late("mean"), laws.example()
    fused = fusion(given)
    for row in range(laws.BATCH):
        said = alone(fusion, given, row)
        assert fused.mask[row].item() == bool(said)
        expected = sum(said) / len(said) if said else torch.zeros(laws.DIM, dtype=torch.float64)
        torch.testing.assert_close(fused.values[row, 0], expected, rtol=0, atol=1e-12)


def test_the_product_of_those_who_are_there_and_the_prior():
    fusion, given = late("product"), laws.example()
    fused = fusion(given)
    for row in range(laws.BATCH):
        precision = torch.ones(laws.DIM, dtype=torch.float64)  # of the prior, whose mean is 0
        weighted = torch.zeros(laws.DIM, dtype=torch.float64)
        for modality in alone(fusion, given, row):
            mean, log_precision = modality.split(laws.DIM)
            precision = precision + log_precision.exp()
            weighted = weighted + log_precision.exp() * mean
        torch.testing.assert_close(fused.values[row, 0], weighted / precision, rtol=0, atol=1e-12)


def test_the_product_is_the_mean_of_the_multiplied_densities():
    """... integrated numerically, which knows nothing of precisions."""
    fusion = Late(["a", "b"], 1, rule="product", hidden=1).double().eval()
    given = {
        n: Tokens.vector(torch.tensor([[x]], dtype=torch.float64))
        for n, x in (("a", 1.0), ("b", -2.0))
    }
    at = torch.linspace(-12, 12, 20001, dtype=torch.float64)
    density = torch.exp(-(at**2) / 2)
    for said in alone(fusion, given, 0):
        mean, log_precision = said
        density = density * torch.exp(-log_precision.exp() * (at - mean) ** 2 / 2)
    expected = (density * at).sum() / density.sum()
    assert fusion(given).values.item() == pytest.approx(expected.item(), abs=1e-9)


def test_under_a_linear_head_it_is_the_mean_of_logits_and_the_geometric_mean_of_probabilities():
    fusion, head, given = late("mean"), nn.Linear(laws.DIM, 4).double(), laws.complete()
    logits = head(fusion(given).values[:, 0])
    each = [head(fusion({name: modality}).values[:, 0]) for name, modality in given.items()]
    torch.testing.assert_close(logits, sum(each) / len(each), rtol=0, atol=1e-12)
    product = torch.stack([modality.softmax(dim=1) for modality in each]).prod(dim=0) ** (
        1 / len(each)
    )
    geometric = product / product.sum(dim=1, keepdim=True)
    torch.testing.assert_close(logits.softmax(dim=1), geometric, rtol=0, atol=1e-12)


def test_weights_are_shares_of_the_modalities_and_of_the_prior():
    given = laws.example()
    shares = late("mean").weights(given)
    assert list(shares) == list(given)
    assert torch.stack(list(shares.values())).sum(dim=0)[0].tolist() == pytest.approx(
        [1.0] * laws.DIM
    )
    assert shares["text"][1].tolist() == [1.0] * laws.DIM  # row 1 has only text
    weights = late("product").weights(given)
    assert torch.stack(list(weights.values())).sum(dim=0).max() < 1.0
    assert not weights["text"][2].any()  # row 2 has nothing
    assert not weights["image"][1].any()


def test_the_sure_outvote_the_unsure_without_overflow():
    fusion = Late(["a", "b"], 1, rule="product", hidden=1)
    with torch.no_grad():
        for name, mean, log_precision in (("a", 3.0, 1000.0), ("b", -5.0, 0.0)):
            last = fusion.opinion[name][-1]
            last.weight.zero_()
            last.bias.copy_(torch.tensor([mean, log_precision]))
    modality = Tokens.vector(torch.ones(1, 1))
    assert fusion({"a": modality, "b": modality}).values.item() == 3.0
    assert fusion({"b": modality}).values.item() == -2.5  # half is the prior's zero
    assert fusion({"a": modality}).values.item() == 3.0


def test_an_unknown_rule_is_refused():
    with pytest.raises(ConfigError, match=r"`rule` should be 'mean' or 'product'\. Found 'vote'"):
        Fusion.registry.build({"type": "late", "rule": "vote"}, modalities=["a"], dim=2)
