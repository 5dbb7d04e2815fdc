"""Latents that read all tokens: against attention written out, and linear in the number of tokens."""

import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from tests.fusion import laws
from torso.core.blocks import Attention
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion, Perceiver

NAMES = list(laws.LENGTHS)


def attend(attention: Attention, queries, keys):
    """Return multi-head attention of one row's `queries` to its `keys`, head by head."""
    width = queries.shape[1] // attention.heads
    query = attention.query(queries)
    key, value = attention.key_value(keys).chunk(2, dim=1)
    heads = []
    for head in range(attention.heads):
        own = slice(head * width, (head + 1) * width)
        scores = query[:, own] @ key[:, own].T / width**0.5
        heads.append(scores.softmax(dim=1) @ value[:, own])
    return attention.out(torch.cat(heads, dim=1))


def normed(norm, x):
    return functional.layer_norm(x, x.shape[-1:], norm.weight, norm.bias)


@pytest.mark.parametrize("settings", [{}, {"latents": 3, "rounds": 2, "depth": 1, "heads": 2}])
def test_row_by_row_with_only_the_tokens_that_are_there(settings):
    torch.manual_seed(0)
    fusion, given = Perceiver(NAMES, laws.DIM, **settings).double().eval(), laws.example()
    fused = fusion(given)
    assert fused.mask.all()
    for row in (0, 1, 3, 4):
        x = torch.cat(
            [given[n].values[row][given[n].mask[row]] + fusion.kind[p] for p, n in enumerate(NAMES)]
        )
        z = fusion.latents
        for _ in range(fusion.rounds):
            cross = fusion.cross
            z = z + attend(
                cross.attention, normed(cross.norm_queries, z), normed(cross.norm_keys, x)
            )
            z = z + cross.feed(normed(cross.norm_feed, z))
            for block in fusion.blocks:
                y = normed(block.norm_attention, z)
                z = z + attend(block.attention, y, y)
                z = z + block.feed(normed(block.norm_feed, z))
        torch.testing.assert_close(fused.values[row], normed(fusion.norm, z), rtol=0, atol=1e-10)


def test_the_latents_come_out():
    fused = Perceiver(["a"], 8, latents=5)({"a": Tokens.vector(torch.randn(2, 8))})
    assert fused.values.shape == (2, 5, 8)
    assert fused.mask.all()


def test_one_more_token_costs_the_same_however_many_there_are():
    fusion = Perceiver(["a"], 16).eval()

    def cost(length):
        with FlopCounterMode(display=False) as counter:
            fusion(
                {"a": Tokens(torch.randn(1, length, 16), torch.ones(1, length, dtype=torch.bool))}
            )
        return counter.get_total_flops()

    assert cost(20) - cost(10) == cost(1010) - cost(1000) > 0


@pytest.mark.parametrize("settings", [{"latents": 0}, {"rounds": 0}, {"depth": -1}])
def test_a_fusion_that_would_read_nothing_is_refused(settings):
    with pytest.raises(ConfigError, match=f"`{next(iter(settings))}` should be at least"):
        Fusion.registry.build({"type": "perceiver", **settings}, modalities=["a"], dim=8)


def test_without_self_attention():
    fused = Perceiver(["a"], 8, depth=0)({"a": Tokens.vector(torch.randn(2, 8))})
    assert fused.values.isfinite().all()
