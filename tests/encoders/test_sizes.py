"""Sizes of files in the tokens of their modality."""

import math

import torch

from torso.core.types import Tokens
from torso.encoders import SizesEmbedding


def tokens(rows, dim=3):
    return Tokens(torch.zeros(rows, 2, dim), torch.ones(rows, 2, dtype=torch.bool))


def test_a_size_enters_standardised_as_it_is_and_as_its_logarithm():
    embedding = SizesEmbedding(1, 3)
    embedding.learn(torch.tensor([[0.0], [2.0]]))
    torch.testing.assert_close(embedding.mean, torch.tensor([1.0, math.log(3) / 2]))
    torch.testing.assert_close(embedding.scale, torch.tensor([1.0, 2 / math.log(3)]))
    at, mean = torch.tensor([[1.0, 1.0]]), torch.zeros(1, 2)
    line = embedding.line(at) + embedding.bend(at) - embedding.bend(mean)
    added = embedding(tokens(1), torch.tensor([[2.0]])).values
    torch.testing.assert_close(added[0, 0], line[0])
    torch.testing.assert_close(added[0, 1], line[0])


def test_constant_and_unknown_sizes_add_nothing():
    embedding = SizesEmbedding(2, 3)
    embedding.learn(torch.tensor([[1.0, 8000.0], [5.0, 8000.0], [math.nan, 8000.0]]))
    assert embedding.scale[1] == embedding.scale[3] == 0
    usual = embedding(tokens(1), torch.tensor([[math.nan, math.nan]])).values
    other = embedding(tokens(1), torch.tensor([[math.nan, 44100.0]])).values
    assert torch.equal(usual, other)
    assert not usual.any()


def test_a_far_size_stays_within_reach():
    embedding = SizesEmbedding(1, 3)
    embedding.learn(torch.tensor([[1.0], [2.0], [3.0]]))
    far = embedding(tokens(2), torch.tensor([[1e6], [1e30]])).values
    assert far.isfinite().all()
    torch.testing.assert_close(far[0], far[1])
