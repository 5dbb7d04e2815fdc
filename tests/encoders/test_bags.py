"""Encoders of sets and of names, by hand-worked numbers."""

import torch
from torch import nn

from torso.encoders import NamesNGrams, SetsBag


def test_a_set_is_the_mean_of_its_labels_and_their_number():
    encoder = SetsBag(4, [4], width=4).eval()
    encoder.tokens = nn.Module()
    encoder.tokens.forward = lambda embedded, mask: (embedded, mask)
    ids = torch.tensor([[[1, 3, 0]], [[0, 0, 0]]])
    embedded, _ = encoder.encode(ids, torch.tensor([[True], [True]]))
    rows = encoder.embedding.weight
    expected = (
        (rows[1] + rows[3]) / 2 + encoder.empty[0] + torch.tensor(3.0).log() * encoder.count[0]
    )
    torch.testing.assert_close(embedded[0, 0], expected)
    torch.testing.assert_close(embedded[1, 0], encoder.empty[0])


def test_the_order_of_labels_and_free_slots_change_nothing():
    encoder = SetsBag(8, [4, 5]).eval()
    mask = torch.ones(1, 2, dtype=torch.bool)
    one = encoder.encode(torch.tensor([[[1, 3, 0], [2, 4, 1]]]), mask).values
    two = encoder.encode(torch.tensor([[[0, 3, 1, 0], [4, 1, 2, 0]]]), mask).values
    torch.testing.assert_close(one, two)


def test_a_rare_name_is_known_by_the_parts_that_it_shares():
    encoder = NamesNGrams(8, [3, 3], buckets=1000).eval()
    mask = torch.ones(1, 2, dtype=torch.bool)
    nn.init.normal_(encoder.parts.weight)
    rare, alike, other = (
        encoder.encode(torch.tensor([[[0, *parts], [1, 5, 0, 0]]]), mask).values
        for parts in ([17, 18, 19], [18, 19, 1017], [40, 41, 42])
    )
    torch.testing.assert_close(rare, alike)  # 17 and 1017 share a bucket
    assert not torch.allclose(rare, other)
