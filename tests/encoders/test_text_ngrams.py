"""What the bag of n-grams promises beyond the laws of its room."""

import pytest
import torch

from torso.core.types import Features
from torso.encoders import TextNGrams


def rows(*texts):
    longest = max(map(len, texts))
    values = torch.tensor([[*text, *[0] * (longest - len(text))] for text in texts])
    lengths = torch.tensor([len(text) for text in texts])
    return Features(values, torch.arange(longest) < lengths.unsqueeze(1))


def encoder(**settings):
    torch.manual_seed(0)
    return TextNGrams(8, **settings).eval()


def test_the_order_of_tokens_counts_from_two_on():
    texts = rows([3, 4, 5], [5, 4, 3])
    alone = encoder(orders=1)(texts).values
    torch.testing.assert_close(alone[0], alone[1])
    pairs = encoder(orders=2)(texts).values
    assert not torch.allclose(pairs[0], pairs[1])


def test_an_unseen_ngram_says_next_to_nothing_and_one_often_seen_much():
    bag = encoder(orders=1)
    seen, unseen = rows([3]), rows([77])
    distance = {}
    optimizer = torch.optim.AdamW(bag.parameters(), lr=1e-3)
    for _ in range(30):
        optimizer.zero_grad()
        bag(seen).values[0, 0, 0].neg().backward()
        optimizer.step()
    with torch.no_grad():
        empty = bag.project.bias
        for name, text in (("seen", seen), ("unseen", unseen)):
            distance[name] = float((bag(text).values[0, 0] - empty).norm())
    assert distance["unseen"] < 0.2 * distance["seen"]


def test_ngrams_are_hidden_in_training_only():
    bag = encoder(drop=0.5)
    texts = rows([3, 4, 5, 6, 7, 8])
    assert torch.equal(bag(texts).values, bag(texts).values)
    bag.train()
    assert not torch.equal(bag(texts).values, bag(texts).values)


def test_a_hidden_token_takes_all_its_ngrams_along():
    bag = encoder(orders=3, buckets=1_000_003, drop=0.0)
    texts = rows([3, 4, 5, 6])
    shown = torch.tensor([[True, False, True, True]])
    _, exist = bag._ngrams(texts.values, shown)
    assert exist.tolist() == [[True, False, True, True, False, False, True, False, False]]


def test_word_dropout_is_off_by_default_and_in_evaluation():
    texts = rows([3, 4, 5, 6, 7, 8])
    plain, thinner = encoder(drop=0.0).train(), encoder(drop=0.0, word_dropout=0.5)
    assert torch.equal(plain(texts).values, thinner(texts).values)
    thinner.train()
    assert not torch.equal(plain(texts).values, thinner(texts).values)


@pytest.mark.parametrize("wrong", [{"orders": 0}, {"buckets": 0}, {"width": 0}])
def test_sizes_below_one(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        TextNGrams(8, **wrong)
