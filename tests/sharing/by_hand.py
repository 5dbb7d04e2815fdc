"""Sharings worked out a second time: one row, one task, one neuron's sum after the other, in float64."""

import torch

from torso.core.types import Tokens
from torso.sharing import Sharing

TASKS = ["one", "two", "three"]
DIM = 4


def stirred(name, tasks=tuple(TASKS), dim=DIM, **settings):
    """Return a sharing in float64 whose every parameter is random, also those that begin as zeros."""
    sharing = Sharing.registry.build({"type": name, **settings}, tasks=list(tasks), dim=dim)
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in sharing.double().parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=draw, dtype=torch.float64) * 0.7)
    return sharing.eval()


def tokens(seed=0, rows=5, dim=DIM):
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(rows, 3, dim, generator=draw, dtype=torch.float64)
    mask = torch.rand(rows, 3, generator=draw) < 0.6
    mask[0] = False
    mask[1] = True
    return Tokens(values.masked_fill(~mask.unsqueeze(-1), torch.nan), mask)


def mean(given, row):
    """Return the mean of a row's tokens; zeros without any."""
    some = [x for x, there in zip(given.values[row], given.mask[row], strict=True) if there]
    return sum(some) / len(some) if some else torch.zeros(given.values.shape[2]).double()


def affine(layer, member, x):
    """Return `W x + b` of one member of a stack of layers."""
    if layer.private:
        weight = layer.weights[member]
        bias = layer.biases[member] if len(layer.biases) else torch.zeros(layer.outputs)
    else:
        weight = layer.weights[0][member]
        bias = torch.zeros(layer.outputs)
        if len(layer.biases):
            bias = layer.biases[0].view(layer.members, -1)[member]
    return torch.stack([sum(w * v for w, v in zip(row, x, strict=True)) for row in weight]) + bias


def relu(x):
    return torch.where(x > 0, x, torch.zeros_like(x))


def tower(towers, member, x):
    for layer in towers.layers:
        x = relu(affine(layer, member, x))
    return x


def softmax(x):
    return x.exp() / x.exp().sum()


def sigmoid(x):
    return 1 / (1 + (-x).exp())


def assert_rows(sharing, given, expected):
    """Compare with `expected(row's vector per trunk, task's place) -> vector`.

    Args:
        sharing: what is tested.
        given: trunk -> tokens.
        expected: the second derivation.
    """
    actual = sharing(given)
    assert set(actual) == set(sharing.tasks)
    for row in range(len(next(iter(given.values())).mask)):
        means = {name: mean(trunk_tokens, row) for name, trunk_tokens in given.items()}
        for index, task in enumerate(sharing.tasks):
            torch.testing.assert_close(actual[task][row], expected(means, index), rtol=0, atol=1e-9)
