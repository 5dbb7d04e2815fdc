"""A mixture of experts against a loop over the experts."""

import math

import pytest
import torch
from torch.nn import functional

from tests.fusion import laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Experts, Fusion
from torso.fusion._modality_vectors import modality_vectors

NAMES = list(laws.LENGTHS)


@pytest.mark.parametrize("gate", ["softmax", "laplace"])
def test_expert_by_expert_and_row_by_row(gate):
    torch.manual_seed(0)
    count, hidden = 5, 7
    fusion = Experts(NAMES, laws.DIM, experts=count, hidden=hidden, gate=gate).double().eval()
    with torch.no_grad():
        for parameter in (fusion.first.bias, fusion.second_bias, fusion.score.bias):
            parameter.normal_()
    given = laws.example()
    fused, gates = fusion(given), fusion.gates(given)
    joined = modality_vectors(given, NAMES)[0].flatten(1)
    for row, x in enumerate(joined):
        scores, said = [], []
        for expert in range(count):
            own = slice(expert * hidden, (expert + 1) * hidden)
            inner = functional.gelu(fusion.first.weight[own] @ x + fusion.first.bias[own])
            said.append(fusion.second.weight[:, own] @ inner + fusion.second_bias[expert])
            weight, bias = fusion.score.weight[expert].tolist(), fusion.score.bias[expert].item()
            apart = -math.dist(weight, x.tolist())
            along = sum(one * two for one, two in zip(weight, x.tolist(), strict=True))
            scores.append(math.exp((along if gate == "softmax" else apart) + bias))
        expected = sum(score / sum(scores) * one for score, one in zip(scores, said, strict=True))
        assert gates[row].tolist() == pytest.approx([one / sum(scores) for one in scores])
        torch.testing.assert_close(fused.values[row, 0], expected, rtol=0, atol=1e-12)


def test_by_hand():
    fusion = Experts(["a"], 1, experts=2, hidden=1).double().eval()
    with torch.no_grad():
        fusion.first.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        fusion.second.weight.copy_(torch.tensor([[2.0, 4.0]]))
        fusion.second_bias.copy_(torch.tensor([[0.0], [1.0]]))
        fusion.score.weight.zero_()
        fusion.score.bias.copy_(torch.tensor([math.log(3.0), 0.0]))
    given = {"a": Tokens.vector(torch.ones(1, 1, dtype=torch.float64))}
    gelu = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in (1.0, -1.0)]
    assert fusion.gates(given).tolist() == [pytest.approx([0.75, 0.25])]
    expected = 0.75 * (2 * gelu[0]) + 0.25 * (4 * gelu[1] + 1)
    assert fusion(given).values.item() == pytest.approx(expected)


@pytest.mark.parametrize("gate", ["softmax", "laplace"])
def test_rows_choose_differently_from_the_start(gate):
    torch.manual_seed(0)
    fusion = Experts(["a", "b"], 64, gate=gate)
    given = {name: Tokens.vector(torch.randn(400, 64)) for name in ("a", "b")}
    gates = fusion.gates(given)
    assert gates.std(dim=0).min() > 0.1
    assert gates.mean(dim=0).min() > 0.1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"experts": 0}, r"`experts` should be at least 1\. Found 0"),
        ({"gate": "hard"}, r"`gate` should be 'softmax' or 'laplace'\. Found 'hard'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Fusion.registry.build({"type": "experts", **settings}, modalities=["a"], dim=2)
