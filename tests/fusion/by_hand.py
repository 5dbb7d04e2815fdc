"""Layers worked out a second time, for one row `[length, dim]` without masked tokens, head by head."""

import torch

from torso.core.types import Tokens


def norm(layer, x):
    centred = x - x.mean(-1, keepdim=True)
    return (
        centred / (centred.square().mean(-1, keepdim=True) + layer.eps).sqrt() * layer.weight
        + layer.bias
    )


def linear(layer, x):
    return x @ layer.weight.T + layer.bias


def feed(layers, x):
    first, _, last = layers
    return linear(last, torch.nn.functional.gelu(linear(first, x)))


def attention(layer, queries, keys):
    dim, heads = queries.shape[1], layer.heads
    width = dim // heads
    query, both = linear(layer.query, queries), linear(layer.key_value, keys)
    mixed = []
    for head in range(heads):
        index = slice(head * width, (head + 1) * width)
        key, value = both[:, :dim][:, index], both[:, dim:][:, index]
        scores = query[:, index] @ key.T / width**0.5
        mixed.append(scores.exp() / scores.exp().sum(1, keepdim=True) @ value)
    return linear(layer.out, torch.cat(mixed, dim=1))


def block(layer, x):
    """Self-attention."""
    normed = norm(layer.norm_attention, x)
    x = x + attention(layer.attention, normed, normed)
    return x + feed(layer.feed, norm(layer.norm_feed, x))


def cross(layer, x, keys):
    """Attention from `x` to `keys`."""
    asking, seen = norm(layer.norm_queries, x), norm(layer.norm_keys, keys)
    x = x + attention(layer.attention, asking, seen)
    return x + feed(layer.feed, norm(layer.norm_feed, x))


def rows(tokens):
    """Yield per row a mapping from the modalities that it has to their tokens `[length, dim]`."""
    for row in range(len(next(iter(tokens.values())).mask)):
        kept = {name: modality.values[row][modality.mask[row]] for name, modality in tokens.items()}
        yield {name: x for name, x in kept.items() if len(x)}


def garbled(tokens):
    """Return the tokens with garbage under the mask."""
    return {
        name: Tokens(
            modality.values.masked_fill(~modality.mask.unsqueeze(-1), torch.nan), modality.mask
        )
        for name, modality in tokens.items()
    }


def assert_equal(fused, expected):
    """Compare one token per row with a vector per row, in the rows that have one; None where it is absent."""
    assert fused.mask[:, 0].tolist() == [vector is not None for vector in expected]
    for actual, vector in zip(fused.values[:, 0], expected, strict=True):
        if vector is not None:
            torch.testing.assert_close(actual, vector, rtol=0, atol=1e-10)
