"""Gated multimodal units against loops over their equations, and the bimodal unit of the paper."""

import math

import pytest
import torch

from tests.fusion import laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion, Gated

NAMES = list(laws.LENGTHS)


def unit(gate, names=NAMES, dim=laws.DIM):
    torch.manual_seed(0)
    return Gated(names, dim, gate=gate).double().eval()


def mean(modality, row):
    present_tokens = modality.values[row][modality.mask[row]]
    return (
        present_tokens.mean(dim=0)
        if len(present_tokens)
        else torch.zeros(laws.DIM, dtype=torch.float64)
    )


def test_the_units_equations_row_by_row():
    fusion, given = unit("sigmoid"), laws.example()
    fused = fusion(given).values
    for row in range(laws.BATCH):
        x = {name: mean(given[name], row) for name in NAMES}
        together = torch.cat([x[name] for name in NAMES])
        h = torch.zeros(laws.DIM, dtype=torch.float64)
        for index, name in enumerate(NAMES):
            if given[name].mask[row].any():
                own = fusion.score.weight[index * laws.DIM : (index + 1) * laws.DIM]
                z = 1 / (1 + (-(own @ together)).exp())
                h = h + z * (fusion.content[name].weight @ x[name]).tanh()
        torch.testing.assert_close(fused[row, 0], h, rtol=0, atol=1e-12)


def test_tied_gates_of_two_are_the_bimodal_unit():
    """z = sigmoid(W_z [x_1; x_2]), h = z * h_1 + (1 - z) * h_2, with W_z the difference of the scores."""
    fusion = unit("softmax", ["a", "b"], 4)
    a, b = torch.randn(2, 3, 4, dtype=torch.float64)
    first, second = fusion.score.weight.split(4)
    z = (torch.cat([a, b], dim=1) @ (first - second).T).sigmoid()
    h1, h2 = ((x @ fusion.content[name].weight.T).tanh() for name, x in (("a", a), ("b", b)))
    fused = fusion({"a": Tokens.vector(a), "b": Tokens.vector(b)})
    torch.testing.assert_close(fused.values[:, 0], z * h1 + (1 - z) * h2, rtol=0, atol=1e-12)


def test_by_hand():
    fusion = unit("sigmoid", ["a", "b"], 1)
    with torch.no_grad():
        fusion.content["a"].weight.fill_(1.0)
        fusion.content["b"].weight.fill_(2.0)
        fusion.score.weight.copy_(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    given = {"a": 0.5, "b": -1.0}
    tokens = {n: Tokens.vector(torch.tensor([[x]], dtype=torch.float64)) for n, x in given.items()}
    gates = [1 / (1 + math.exp(-0.5)), 1 / (1 + math.exp(0.5))]
    assert fusion.gates(tokens).flatten().tolist() == pytest.approx(gates)
    expected = gates[0] * math.tanh(0.5) + gates[1] * math.tanh(-2.0)
    assert fusion(tokens).values.item() == pytest.approx(expected)


def test_gates_are_zero_for_what_a_row_lacks_and_tied_ones_sum_to_one():
    given = laws.example()
    there = torch.stack([given[name].present for name in NAMES], dim=1).unsqueeze(2)
    for gate in ("sigmoid", "softmax"):
        gates = unit(gate).gates(given)
        assert gates.shape == (laws.BATCH, len(NAMES), laws.DIM)
        assert ((gates > 0) == there).all()
    some = there.any(dim=1).double().expand(-1, laws.DIM)
    torch.testing.assert_close(gates.sum(dim=1), some, rtol=0, atol=1e-12)


def test_an_unknown_gate_is_refused():
    with pytest.raises(
        ConfigError, match=r"`gate` should be 'sigmoid' or 'softmax'\. Found 'hard'"
    ):
        Fusion.registry.build({"type": "gated", "gate": "hard"}, modalities=["a"], dim=2)
