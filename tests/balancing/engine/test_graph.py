"""The walk finds every leaf once, and takes stacked losses apart."""

import torch
from torch import nn

from torso.balancing.engine.graph import nodes, own_parameters, task_roots


def test_own_parameters_are_the_leaves_that_are_not_shared():
    body, heads = nn.Linear(3, 4), nn.ModuleList(nn.Linear(4, 1) for _ in range(3))
    features = body(torch.randn(5, 3)).tanh()
    losses = torch.stack([head(features).sum() for head in heads[:2]])
    actual = own_parameters(losses, body.parameters())
    expected = {id(leaf) for head in heads[:2] for leaf in head.parameters()}
    assert {id(leaf) for leaf in actual} == expected
    assert len(actual) == len(expected)
    assert {id(leaf) for leaf in own_parameters(losses, [])} > expected


def test_frozen_parameters_and_constants_are_no_leaves():
    frozen, alive = nn.Linear(3, 2).requires_grad_(False), nn.Parameter(torch.ones(2))
    loss = (frozen(torch.randn(4, 3)) * alive + torch.zeros(2)).sum()
    assert [id(leaf) for leaf in own_parameters(loss, [])] == [id(alive)]
    assert own_parameters(torch.zeros(()), []) == []


def test_a_graph_that_forks_and_joins_is_walked_once():
    x = nn.Parameter(torch.ones(1))
    y = x
    for _ in range(60):  # 2 ** 60 paths
        y = y + y.sin()
    assert len(nodes([y])) == 121


def test_a_leaf_that_is_itself_a_loss():
    x = nn.Parameter(torch.ones(2))
    assert [id(leaf) for leaf in own_parameters(x * 1.0, [])] == [id(x)]


def test_roots_of_stacked_losses_reach_their_own_task_only():
    parameters = [nn.Parameter(torch.tensor(float(index + 2))) for index in range(4)]
    losses = torch.stack([leaf.square() for leaf in parameters])
    present = torch.tensor([True, False, True, True])
    for stacked in (losses, losses.where(present, 0.0)):
        roots = task_roots(stacked, present)
        assert len(roots) == 3
        for index, (root, start) in zip([0, 2, 3], roots, strict=True):
            actual = torch.autograd.grad(
                [root], parameters, [start], retain_graph=True, allow_unused=True
            )
            assert [leaf is not None for leaf in actual] == [leaf == index for leaf in range(4)]
            assert actual[index] == 2 * parameters[index]


def test_roots_of_other_losses_are_their_entries():
    x = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
    everyone = torch.ones(3, dtype=torch.bool)
    other = torch.tensor([True, False, True])
    stacked = torch.stack(list((x * x).unbind()))
    for losses in (x * x, 1.0 * stacked, stacked.where(other, stacked)):
        for index, (root, start) in enumerate(task_roots(losses, everyone)):
            (actual,) = torch.autograd.grad([root], [x], [start], retain_graph=True)
            assert torch.equal(actual, 2 * x.detach() * torch.eye(3)[index])


def test_a_stacked_constant_has_no_graph_but_a_place():
    x = nn.Parameter(torch.tensor(3.0))
    losses = torch.stack([x * x, torch.tensor(5.0)])
    (first, leaf), (second, two) = task_roots(losses, torch.ones(2, dtype=torch.bool))
    assert torch.autograd.grad([first], [x], [leaf], retain_graph=True)[0] == 6.0
    actual = torch.autograd.grad([second], [x], [two], allow_unused=True)[0]
    assert actual is None or actual == 0.0
