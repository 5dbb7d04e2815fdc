"""The vectors of a batch, and layers that keep their scale however many modalities there are."""

import pytest
import torch

from tests.fusion import laws
from torso.core.types import Tokens
from torso.fusion import Fusion
from torso.fusion._modality_vectors import (
    modality_vectors,
    rows_present,
    variance_preserving_linear,
)

NAN = torch.nan


def test_means_in_the_order_of_the_modalities_and_zeros_for_what_is_absent():
    text = Tokens(
        torch.tensor([[[1.0, 2.0], [3.0, 6.0]], [[NAN, NAN], [NAN, NAN]]]),
        torch.tensor([[True, True], [False, False]]),
    )
    image = Tokens.vector(torch.tensor([[5.0, 7.0], [8.0, 9.0]]))
    given = {"text": text, "image": image}
    vectors, present = modality_vectors(given, ["image", "speech", "text"])
    assert vectors.tolist() == [
        [[5.0, 7.0], [0.0, 0.0], [2.0, 4.0]],
        [[8.0, 9.0], [0.0, 0.0], [0.0, 0.0]],
    ]
    assert present.tolist() == [[True, False, True], [True, False, False]]
    assert rows_present({"text": text}).tolist() == [True, False]


def test_a_layer_keeps_the_scale():
    torch.manual_seed(0)
    x = torch.randn(500, 64)
    assert variance_preserving_linear(64, 64)(x).std().item() == pytest.approx(1.0, rel=0.05)
    assert variance_preserving_linear(64, 64, gain=2.0, bias=False)(
        x
    ).std().item() == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize(
    "name", ["sum", "mean", "max", "gated", "low_rank", "experts", "perceiver", "late"]
)
@pytest.mark.parametrize("count", [1, 8])
def test_outputs_and_gradients_stay_alive(name, count):
    torch.manual_seed(0)
    names = [f"m{index}" for index in range(count)]
    fusion = Fusion.registry.build(name, modalities=names, dim=64).eval()
    given = {modality: torch.randn(64, 64, requires_grad=True) for modality in names}
    fused = fusion(
        {modality: Tokens.vector(values) for modality, values in given.items()}
    ).values.mean(dim=1)
    fused.backward(torch.randn_like(fused))
    assert 0.2 < fused.std() < 4.0
    assert fused.std(dim=0).mean() > 0.2
    for values in given.values():
        assert 0.05 < values.grad.square().mean().sqrt() < 4.0


def test_every_variant_of_a_setting_of_words_is_under_the_laws():
    variants = [spec for spec in laws.fusions() if isinstance(spec, dict) and "inner" not in spec]
    assert {"type": "late", "rule": "product"} in variants
    assert {"type": "experts", "gate": "laplace"} in variants
    assert {"type": "gated", "gate": "softmax"} in variants
