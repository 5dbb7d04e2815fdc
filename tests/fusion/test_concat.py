"""The plain baseline, by hand."""

import math

import pytest
import torch

from torso.core.types import Tokens
from torso.fusion import Concat


def gelu(x):
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def by_hand():
    """Return a fusion whose hidden layer is the identity and whose output is the sum of the modalities."""
    fusion = Concat(["a", "b"], 2, hidden=4).double().eval()
    first, _, _, last = fusion.mix
    with torch.no_grad():
        first.weight.copy_(torch.eye(4))
        last.weight.copy_(torch.eye(2).repeat(1, 2))
        first.bias.zero_()
        last.bias.zero_()
    return fusion


def test_means_are_concatenated_in_the_order_of_the_modalities():
    a = Tokens(
        torch.tensor([[[1.0, 2.0], [3.0, 4.0], [99.0, 99.0]]]), torch.tensor([[True, True, False]])
    )
    b = Tokens.vector(torch.tensor([[-1.0, 0.5]]))
    fused = by_hand()(
        {"b": Tokens(b.values.double(), b.mask), "a": Tokens(a.values.double(), a.mask)}
    )
    assert fused.mask.tolist() == [[True]]
    assert fused.values[0, 0].tolist() == pytest.approx(
        [gelu(2.0) + gelu(-1.0), gelu(3.0) + gelu(0.5)]
    )


def test_a_missing_modality_adds_zeros_and_a_missing_row_is_absent():
    values = torch.tensor([[1.0, 2.0], [5.0, 6.0]], dtype=torch.float64)
    a = Tokens.vector(values, torch.tensor([True, False]))
    fused = by_hand()({"a": a})
    assert fused.present.tolist() == [True, False]
    assert fused.values[0, 0].tolist() == pytest.approx([gelu(1.0), gelu(2.0)])


def test_the_hidden_layer_is_twice_the_width_by_default():
    assert Concat(["a"], 3).mix[0].out_features == 6
    assert Concat(["a"], 3, hidden=5).mix[0].out_features == 5
