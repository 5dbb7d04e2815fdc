"""Masked pooling, scattered rows, and module names that users choose."""

import pytest
import torch
from torch import nn

from torso.core.tensors import Named, concat_tokens, masked_mean, scatter_rows, zeroed
from torso.core.types import Tokens

NAN = torch.nan
NAMES = [
    "",
    ".",
    "..",
    "a.b",
    "a%2Eb",
    "%",
    "items",
    "keys",
    "type",
    "forward",
    "训练",
    "a b",
    "@",
    "_",
]


def tokens():
    values = torch.tensor([[[1.0, 2.0], [3.0, 6.0]], [[5.0, 7.0], [NAN, NAN]], [[NAN] * 2] * 2])
    return Tokens(values, torch.tensor([[True, True], [True, False], [False, False]]))


def test_the_mean_is_over_what_is_there():
    assert masked_mean(tokens()).tolist() == [[2.0, 4.0], [5.0, 7.0], [0.0, 0.0]]
    assert zeroed(tokens())[1:].tolist() == [[[5.0, 7.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]


def test_tokens_are_laid_one_after_the_other():
    one, two = tokens(), Tokens.vector(torch.full((3, 2), 9.0))
    joined = concat_tokens({"b": two, "a": one})
    assert joined.mask.tolist() == [[True, True, True], [True, True, False], [True, False, False]]
    assert joined.values[:, 0].tolist() == [[9.0, 9.0]] * 3


def test_rows_are_scattered_in_order():
    values = torch.tensor([[1.0], [2.0]], requires_grad=True)
    out = scatter_rows(values, torch.tensor([False, True, False, True]))
    assert out.tolist() == [[0.0], [1.0], [0.0], [2.0]]
    out.sum().backward()
    assert values.grad.tolist() == [[1.0], [1.0]]
    assert scatter_rows(values, torch.tensor([True, True])) is values
    empty = scatter_rows(values[:0], torch.tensor([False, False]))
    assert empty.tolist() == [[0.0], [0.0]]


def attributes():
    """Every attribute of a module, with and without what it begins with."""
    return sorted({name for full in dir(Named()) for name in (full, full.lstrip("_"), full[1:])})


def test_any_name_can_be_a_modules_name():
    names = [*NAMES, *(name for name in attributes() if name not in NAMES)]
    named = Named({name: nn.Linear(1, place + 1) for place, name in enumerate(names)})
    assert list(named.names()) == names
    assert len(named) == len(names)
    for place, (name, module) in enumerate(named.pairs()):
        assert name == names[place]
        assert module.out_features == place + 1
        assert named[name] is module
        assert name in named
    state = named.state_dict()
    assert len(state) == 2 * len(names)
    named.load_state_dict(state)
    assert len(list(named.parameters())) == 2 * len(names)


@pytest.mark.parametrize("other", ["@a", "b", 3, None])
def test_what_is_not_in_it(other):
    named = Named({"a": nn.Identity()})
    assert other not in named
    if isinstance(other, str):
        with pytest.raises(KeyError):
            named[other]


def test_a_name_given_twice_is_replaced():
    named = Named({"a": nn.Linear(1, 1)})
    named["a"] = nn.Linear(1, 2)
    assert [module.out_features for _, module in named.pairs()] == [2]
