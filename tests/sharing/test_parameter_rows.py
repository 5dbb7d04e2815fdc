"""Rows of parameters: one tensor of them, whatever was done to them before."""

import copy

import pytest
import torch
from torch import nn

from torso.sharing._parameter_rows import ParameterRows, _adjacent

LARGE = (128, 256)  # three of them are too many to copy


def build(shape=LARGE, count=3):
    torch.manual_seed(0)
    return ParameterRows(torch.randn(shape) for _ in range(count))


@pytest.mark.parametrize("shape", [(5,), (3, 4), LARGE])
@pytest.mark.parametrize("count", [1, 3])
def test_stacked_is_the_stack_and_so_is_its_gradient(shape, count):
    many = build(shape, count)
    upstream = torch.randn(count, *shape)
    many.stacked().backward(upstream)
    assert torch.equal(many.stacked(), torch.stack([*many]))
    for row, expected in zip(many, upstream, strict=True):
        assert torch.equal(row.grad, expected)


@pytest.mark.parametrize("shape", [(5,), (3, 4), LARGE])
@pytest.mark.parametrize("count", [1, 3])
def test_joined_is_one_below_the_other_and_so_is_its_gradient(shape, count):
    many = build(shape, count)
    upstream = torch.randn(count * shape[0], *shape[1:])
    many.joined().backward(upstream)
    assert torch.equal(many.joined(), torch.cat([*many]))
    for row, expected in zip(many, upstream.split(shape[0]), strict=True):
        assert torch.equal(row.grad, expected)


def test_many_numbers_are_not_copied():
    many = build()
    assert many.stacked().data_ptr() == many[0].data_ptr()
    with torch.no_grad():
        many[1].fill_(7.0)
    assert (many.stacked()[1] == 7.0).all()


@pytest.mark.parametrize(
    "change",
    [
        copy.deepcopy,
        lambda many: many.double(),
        lambda many: many.share_memory(),
        lambda many: many.to("meta").to_empty(device="cpu"),
    ],
    ids=["copied", "converted", "between processes", "emptied"],
)
def test_what_moves_parameters_changes_nothing_else(change):
    many = change(build())
    assert torch.equal(many.stacked().nan_to_num(), torch.stack([*many]).nan_to_num())
    many.stacked().sum().backward()
    assert all((row.grad == 1.0).all() for row in many)
    assert [name for name, _ in many.named_parameters()] == ["0", "1", "2"]


def test_converted_parameters_lie_adjacent_again_and_shared_ones_stay_shared():
    assert _adjacent(build().double().listed())
    assert all(row.is_shared() for row in build().share_memory())


def test_an_optimizer_and_a_state_dict_work_in_place():
    many, other = build(), build()
    optimizer = torch.optim.AdamW(many.parameters(), lr=0.1)
    many.stacked().square().sum().backward()
    optimizer.step()
    assert _adjacent(many.listed())
    other.load_state_dict(many.state_dict())
    assert torch.equal(other.stacked(), torch.stack([*many]))
    assert _adjacent(other.listed())


def test_a_frozen_parameter_gets_no_gradient():
    many = build()
    many[1].requires_grad_(False)
    many.stacked().sum().backward()
    assert many[1].grad is None
    assert (many[2].grad == 1.0).all()


def test_gradients_of_gradients():
    many, rows = nn.ParameterList(build()), build()
    for parameters in (many, rows):
        stacked = (
            parameters.stacked()
            if isinstance(parameters, ParameterRows)
            else torch.stack([*parameters])
        )
        first = torch.autograd.grad(stacked.pow(3).sum(), [*parameters], create_graph=True)
        sum(g.sum() for g in first).backward()
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(many, rows, strict=True))
