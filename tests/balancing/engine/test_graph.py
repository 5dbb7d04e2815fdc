"""The walk finds every leaf once, and takes stacked losses apart."""

import torch
from torch import nn

from torso.balancing.engine.graph import nodes, own_parameters, task_roots


def test_own_parameters_are_the_leaves_that_are_not_shared():
    body, heads = nn.Linear(3, 4), nn.ModuleList(nn.Linear(4, 1) for _ in range(3))
    features = body(torch.randn(5, 3)).tanh()
    losses = torch.stack([head(features).sum() for head in heads[:2]])
    found = own_parameters(losses, body.parameters())
    expected = {id(one) for head in heads[:2] for one in head.parameters()}
    assert {id(one) for one in found} == expected
    assert len(found) == len(expected)
    assert {id(one) for one in own_parameters(losses, [])} > expected


def test_frozen_parameters_and_constants_are_no_leaves():
    frozen, alive = nn.Linear(3, 2).requires_grad_(False), nn.Parameter(torch.ones(2))
    loss = (frozen(torch.randn(4, 3)) * alive + torch.zeros(2)).sum()
    assert [id(one) for one in own_parameters(loss, [])] == [id(alive)]
    assert own_parameters(torch.zeros(()), []) == []


def test_a_graph_that_forks_and_joins_is_walked_once():
    x = nn.Parameter(torch.ones(1))
    y = x
    for _ in range(60):  # 2 ** 60 paths
        y = y + y.sin()
    assert len(nodes([y])) == 121


def test_a_leaf_that_is_itself_a_loss():
    x = nn.Parameter(torch.ones(2))
    assert [id(one) for one in own_parameters(x * 1.0, [])] == [id(x)]


def test_roots_of_stacked_losses_reach_their_own_task_only():
    parameters = [nn.Parameter(torch.tensor(float(place + 2))) for place in range(4)]
    losses = torch.stack([one.square() for one in parameters])
    present = torch.tensor([True, False, True, True])
    for stacked in (losses, losses.where(present, 0.0)):
        roots = task_roots(stacked, present)
        assert len(roots) == 3
        for place, (root, start) in zip([0, 2, 3], roots, strict=True):
            found = torch.autograd.grad(
                [root], parameters, [start], retain_graph=True, allow_unused=True
            )
            assert [one is not None for one in found] == [one == place for one in range(4)]
            assert found[place] == 2 * parameters[place]


def test_roots_of_other_losses_are_their_entries():
    x = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
    everyone = torch.ones(3, dtype=torch.bool)
    other = torch.tensor([True, False, True])
    stacked = torch.stack(list((x * x).unbind()))
    for losses in (x * x, 1.0 * stacked, stacked.where(other, stacked)):
        for place, (root, start) in enumerate(task_roots(losses, everyone)):
            (found,) = torch.autograd.grad([root], [x], [start], retain_graph=True)
            assert torch.equal(found, 2 * x.detach() * torch.eye(3)[place])


def test_a_stacked_constant_has_no_graph_but_a_place():
    x = nn.Parameter(torch.tensor(3.0))
    losses = torch.stack([x * x, torch.tensor(5.0)])
    (first, one), (second, two) = task_roots(losses, torch.ones(2, dtype=torch.bool))
    assert torch.autograd.grad([first], [x], [one], retain_graph=True)[0] == 6.0
    found = torch.autograd.grad([second], [x], [two], allow_unused=True)[0]
    assert found is None or found == 0.0
