"""Directed cross-attention: by hand, who asks whom, and who asks where the query modality is missing."""

import pytest
import torch

from tests.fusion import by_hand, laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import CrossAttention, Fusion


def build(**settings):
    return laws.build({"type": "cross_attention", **settings})


@pytest.mark.parametrize(
    "settings",
    [{}, {"query": "text", "heads": 2}, {"order": ["a.b", "text", "image"], "query": "text"}],
)
def test_the_walk_row_by_row(settings):
    fusion, tokens = build(**settings), laws.example()
    query = settings.get("query", "image")
    walk = [name for name in settings.get("order", laws.LENGTHS) if name != query]
    expected = []
    for row in by_hand.rows(tokens):
        asking = row.get(query, torch.zeros(1, laws.DIM)) + fusion.start
        for index, name in enumerate(walk):
            if name in row:
                keys = torch.cat([fusion.lead[index : index + 1], row[name]])
                asking = by_hand.cross(fusion.blocks[name], asking, keys)
        expected.append(by_hand.norm(fusion.norm, asking.mean(0)))
    by_hand.assert_equal(fusion(by_hand.garbled(tokens)), expected)


def test_a_number_by_hand():
    """All keys score alike, so the query takes their mean: (1, 2) + ((1, -1) + 2 (-1, 1)) / 3."""
    fusion = CrossAttention(["a", "b"], 2).double().eval()
    fusion.norm, block = torch.nn.Identity(), fusion.blocks["b"]
    with torch.no_grad():
        for parameter in [fusion.start, *block.attention.parameters(), *block.feed.parameters()]:
            parameter.zero_()
        block.attention.key_value.weight[2:] = torch.eye(2)
        block.attention.out.weight.copy_(torch.eye(2))
        fusion.lead.copy_(torch.tensor([[900.0, 100.0]]))  # (1, -1) once normalised
    a, b = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[100.0, 300.0], [400.0, 500.0]]])
    fused = fusion(
        {
            "a": Tokens(a.double(), torch.tensor([[True]])),
            "b": Tokens(b.double(), torch.tensor([[True, True]])),
        }
    )
    assert fused.values[0, 0].tolist() == pytest.approx([1 - 1 / 3, 2 + 1 / 3])


def test_without_the_query_modality_by_key_or_by_mask_the_learned_vector_asks():
    fusion, tokens = build(), laws.complete()
    others = {name: tokens[name] for name in ("text", "a.b")}
    gone = Tokens(tokens["image"].values, torch.zeros_like(tokens["image"].mask))
    expected = fusion(others).values
    torch.testing.assert_close(
        fusion({**others, "image": gone}).values, expected, rtol=0, atol=1e-12
    )
    assert not torch.allclose(expected[0], expected[1])


def test_the_order_matters():
    first, second = (
        build(order=order) for order in (["image", "text", "a.b"], ["image", "a.b", "text"])
    )
    second.load_state_dict(first.state_dict())
    with torch.no_grad():
        second.lead.copy_(first.lead.flip(0))
    assert not torch.allclose(first(laws.complete()).values, second(laws.complete()).values)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"query": "imag"}, r"Unknown modality in `query`: 'imag'\. Did you mean 'image'"),
        ({"order": ["image", "text"]}, r"`order` should name every modality once"),
        ({"heads": 3}, r"`heads` should divide the width 8\. Found 3"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Fusion.registry.build(
            {"type": "cross_attention", **settings}, modalities=list(laws.LENGTHS), dim=8
        )
