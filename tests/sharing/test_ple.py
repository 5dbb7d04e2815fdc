"""Common experts beside experts of each task, in one level (CGC) or several."""

import pytest
import torch

from tests.sharing.by_hand import TASKS, affine, assert_rows, mean, softmax, stirred, tokens, tower
from torso.core.types import Tokens
from torso.sharing import CGC, PLE


def streams(sharing, x, levels=None):
    """Return each task's stream after all levels or those given, by equations 1 to 5 of the paper."""
    tasks = len(sharing.tasks)
    mine, shared = [x] * tasks, x
    for level in sharing.levels if levels is None else levels:
        own = [
            [tower(level.experts, task * level.own + e, mine[task]) for e in range(level.own)]
            for task in range(tasks)
        ]
        members = level.common.layers[0].members
        common = [tower(level.common, e, shared) for e in range(members)]
        following = []
        for task in range(tasks):
            gate = softmax(affine(level.gates, task, mine[task]))
            parts = zip(gate, own[task] + common, strict=True)
            following.append(sum(g * vector for g, vector in parts))
        if not level.top:
            everyone = [vector for some in own for vector in some] + common
            gate = softmax(level.gate.weight @ shared)
            shared = sum(g * vector for g, vector in zip(gate, everyone, strict=True))
        mine = following
    return mine


@pytest.mark.parametrize("tasks", [TASKS, ["alone"]], ids=len)
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cgc", {}),
        ("cgc", {"own": 2, "common": 1, "hidden": [5, 3]}),
        ("ple", {}),
        ("ple", {"levels": 3, "own": 2, "common": 1}),
        ("ple", {"levels": 2, "hidden": [6]}),
    ],
)
def test_a_task_mixes_its_own_experts_with_common_ones(name, settings, tasks):
    sharing = stirred(name, tasks, **settings)
    assert_rows(
        sharing, {"shared": tokens()}, lambda means, task: streams(sharing, means["shared"])[task]
    )


def test_one_level_is_cgc():
    assert [len(PLE(["a", "b"], 4, levels=1).levels), len(CGC(["a", "b"], 4).levels)] == [1, 1]
    single, other = stirred("cgc"), stirred("ple", levels=1)
    actual, expected = (sharing({"shared": tokens()}) for sharing in (single, other))
    assert all(torch.equal(actual[task], expected[task]) for task in single.tasks)


def test_by_hand():
    """x = 1: the task's expert says 1, the common one 3, the gate is a half each: 2."""
    sharing = CGC(["a"], 1, own=1, common=1)
    level = sharing.levels[0]
    with torch.no_grad():
        level.experts.layers[0].weights[0].fill_(1.0)
        level.common.layers[0].weights[0].fill_(3.0)
        level.gates.weights[0].zero_()
    assert sharing({"shared": Tokens.vector(torch.ones(1, 1))})["a"].item() == pytest.approx(2.0)


@pytest.mark.parametrize("setting", ["levels", "own", "common"])
def test_settings_are_checked(setting):
    with pytest.raises(ValueError, match=rf"`{setting}` should be a whole number from 1 on"):
        PLE(["a"], 4, **{setting: 0})


def test_mixing_is_the_mean_gate_of_the_last_level():
    """x_k of the last level comes of the one below, so the gates are worked out from there."""
    sharing = stirred("ple", own=2, common=1).train()
    assert sharing.mixing() == {}
    given = tokens()
    sharing({"shared": given})
    below, top = sharing.levels
    gates = [
        softmax(affine(top.gates, 1, streams(sharing, mean(given, row), [below])[1]))
        for row in range(5)
    ]
    said = sharing.mixing()["two"]
    assert list(said) == ["own_0", "own_1", "common_0"]
    assert list(said.values()) == pytest.approx((sum(gates) / 5).tolist())


def test_no_gradient_goes_from_a_task_to_the_experts_of_another():
    """Above the last level; below it a task's experts feed the shared stream that all read."""
    sharing = stirred("ple", levels=2, own=1)
    vectors = sharing({"shared": tokens()})
    top, below = sharing.levels[1].experts.layers[0], sharing.levels[0].experts.layers[0]
    vectors["one"].sum().backward()
    assert [bool(weight.grad.any()) for weight in top.weights] == [True, False, False]
    assert all(weight.grad.any() for weight in below.weights)
