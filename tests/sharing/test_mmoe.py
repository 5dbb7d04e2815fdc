"""Gates of each task over shared experts."""

import pytest
import torch

from tests.sharing.by_hand import TASKS, affine, assert_rows, mean, softmax, stirred, tokens, tower
from torso.core.types import Tokens
from torso.sharing import MMoE


@pytest.mark.parametrize("tasks", [TASKS, ["alone"]], ids=len)
@pytest.mark.parametrize("settings", [{}, {"experts": 1}, {"experts": 3, "hidden": [5, 2]}])
def test_a_task_reads_its_own_mixture(settings, tasks):
    sharing = stirred("mmoe", tasks, **settings)

    def expected(means, task):
        x = means["shared"]
        gate = softmax(affine(sharing.gates, task, x))
        return sum(g * tower(sharing.experts, e, x) for e, g in enumerate(gate))

    assert_rows(sharing, {"shared": tokens()}, expected)
    assert sharing.width == settings.get("hidden", [4])[-1]


def test_experts_may_be_whole_trunks():
    sharing = stirred("mmoe", experts=3, level="trunk")
    assert sharing.trunks() == {f"expert_{n}": ("one", "two", "three") for n in range(3)}

    def expected(means, task):
        gate = softmax(affine(sharing.gates, task, torch.cat([*means.values()])))
        return sum(g * vector for g, vector in zip(gate, means.values(), strict=True))

    given = {name: tokens(seed) for seed, name in enumerate(sharing.trunks())}
    assert_rows(sharing, given, expected)
    with pytest.raises(ValueError, match=r"`hidden` should not be given with `level: trunk`"):
        MMoE(["a"], 4, hidden=[3], level="trunk")


def test_by_hand():
    """Experts relu(x) and relu(2 x); the gates of x = 1 are 3/4 and 1/4, so 0.75 * 1 + 0.25 * 2."""
    sharing = MMoE(["a"], 1, experts=2)
    with torch.no_grad():
        sharing.experts.layers[0].weights[0].copy_(torch.tensor([[[1.0]], [[2.0]]]))
        sharing.gates.weights[0].copy_(torch.tensor([[3.0], [1.0]]).log())
    vectors = sharing({"shared": Tokens.vector(torch.ones(1, 1))})
    assert vectors["a"].item() == pytest.approx(1.25)


def test_mixing_follows_the_gates_of_training():
    sharing = stirred("mmoe", experts=2).train()
    assert sharing.mixing() == {}
    given = tokens()
    gates = [
        sum(softmax(affine(sharing.gates, task, mean(given, row))) for row in range(5)) / 5
        for task in range(3)
    ]
    for _ in range(2):  # a batch that comes again says the same
        sharing({"shared": given})
        for task, gate in zip(sharing.tasks, gates, strict=True):
            assert list(sharing.mixing()[task].values()) == pytest.approx(gate.tolist())


def test_mixing_takes_in_nothing_from_no_rows():
    sharing = stirred("mmoe", experts=2).train()
    sharing({"shared": tokens()})
    said = sharing.mixing()
    sharing({"shared": Tokens.vector(torch.zeros(0, 4).double())})
    assert sharing.mixing() == said
