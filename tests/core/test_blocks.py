"""Attention that is exact about masks: against PyTorch's own, and where nothing may be attended to."""

import pytest
import torch
from torch import nn

from torso.core.blocks import Attention, Block, CrossBlock, Pool, num_heads, positions
from torso.core.tensors import zeroed
from torso.core.types import Tokens


def tokens(dim=8):
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, True], [True, False, True], [False, False, False]])
    return Tokens(torch.randn(3, 3, dim, dtype=torch.float64), mask)


def test_attention_is_pytorchs_multi_head_attention():
    torch.manual_seed(0)
    ours, theirs = Attention(8, 2).double(), nn.MultiheadAttention(8, 2, batch_first=True).double()
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key_value.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key_value.bias]))
        theirs.out_proj.weight.copy_(ours.out.weight)
        theirs.out_proj.bias.copy_(ours.out.bias)
    some, queries = tokens(), torch.randn(2, 4, 8, dtype=torch.float64)
    keys, mask = some.values[:2], some.mask[:2]
    expected, _ = theirs(queries, keys, keys, key_padding_mask=~mask)
    torch.testing.assert_close(ours(queries, keys, mask), expected, rtol=0, atol=1e-12)


def test_with_nothing_to_attend_to_only_the_output_bias_is_left():
    attention, some = Attention(8).double(), tokens()
    out = attention(some.values, some.values, some.mask)
    assert torch.equal(out[2], attention.out.bias.expand(3, 8))


@pytest.mark.parametrize("module", [Block(8), Block(8, heads=2), Pool(8), Pool(8, 3)])
def test_masked_tokens_are_never_read(module):
    module, some = module.double().eval(), tokens()
    expected = module(some)
    for wild in (torch.nan, torch.inf):
        garbage = some.values.masked_fill(~some.mask.unsqueeze(-1), wild)
        found = module(Tokens(garbage, some.mask))
        assert torch.equal(found.values, expected.values)
        assert torch.equal(found.mask, expected.mask)
    assert expected.values.isfinite().all()


def test_a_block_for_some_queries_is_the_block_cut_short():
    block, some = Block(8).double().eval(), tokens()
    whole, part = block(some), block(some, 2)
    torch.testing.assert_close(part.values, whole.values[:, :2], rtol=0, atol=1e-12)
    assert torch.equal(part.mask, some.mask[:, :2])


def test_a_cross_block_to_ones_own_tokens_is_a_block():
    torch.manual_seed(0)
    block, cross, some = Block(8).double(), CrossBlock(8).double(), tokens()
    for name in ("attention", "norm_feed", "feed"):
        getattr(cross, name).load_state_dict(getattr(block, name).state_dict())
    found = cross(some, some)
    torch.testing.assert_close(found.values, block(some).values, rtol=0, atol=1e-12)
    assert torch.equal(found.mask, some.mask)


def test_a_cross_block_reads_what_is_there_and_nothing_else():
    cross, some = CrossBlock(8).double().eval(), tokens()
    queries = Tokens(torch.randn(3, 2, 8, dtype=torch.float64), torch.ones(3, 2, dtype=torch.bool))
    expected = cross(queries, some)
    assert expected.values.isfinite().all()
    wild = some.values.masked_fill(~some.mask.unsqueeze(-1), torch.nan)
    assert torch.equal(cross(queries, Tokens(wild, some.mask)).values, expected.values)
    first = Tokens(some.values[1:2, [0, 2]], some.mask[1:2, [0, 2]])
    alone = cross(Tokens(queries.values[1:2], queries.mask[1:2]), first)
    torch.testing.assert_close(alone.values, expected.values[1:2], rtol=0, atol=1e-12)


def test_pooling_by_hand():
    pool = Pool(2, 1).double()
    with torch.no_grad():
        pool.queries.zero_()  # every token scores alike: the mean
    values = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]]], dtype=torch.float64)
    pooled = pool(Tokens(values, torch.tensor([[True, True, False]])))
    assert pooled.values.tolist() == [[[2.0, 3.0]]]
    assert pooled.mask.tolist() == [[True]]


def test_pooling_keeps_absent_rows_absent_and_zero_keeps_all():
    some = tokens()
    assert Pool(8, 4).double()(some).mask.tolist() == [[True] * 4, [True] * 4, [False] * 4]
    assert Pool(8, 0)(some) is some
    assert not zeroed(Pool(8, 1).double()(some))[2].any()


def test_positions_by_hand_and_for_any_width():
    like = torch.zeros(1, dtype=torch.float64)
    found = positions(3, 4, like)
    expected = [[t, t / 100] for t in range(3)]
    angles = torch.tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(found[:, 0::2], angles.sin())
    torch.testing.assert_close(found[:, 1::2], angles.cos())
    assert positions(5, 7, like).shape == (5, 7)
    assert torch.equal(positions(9, 6, like)[:4], positions(4, 6, like))


@pytest.mark.parametrize(("dim", "heads"), [(128, 4), (64, 2), (32, 1), (8, 1), (100, 2), (97, 1)])
def test_heads_divide_the_width(dim, heads):
    assert num_heads(dim) == heads


def test_heads_that_do_not_are_refused():
    with pytest.raises(ValueError, match=r"`heads` should divide the width 8\. Found 3"):
        Attention(8, 3)
