"""Selectors by binary codes with a smooth step."""

import math
from copy import deepcopy

import pytest
import torch

from tests.sharing.by_hand import TASKS, affine, assert_rows, mean, softmax, stirred, tokens, tower
from torso.core.types import Tokens
from torso.sharing import DSelectK
from torso.sharing.dselect_k import smooth_step


def step(x, gamma):
    if x <= -gamma / 2:
        return 0.0
    if x >= gamma / 2:
        return 1.0
    return -2 / gamma**3 * x**3 + 3 / (2 * gamma) * x + 0.5


def selected(sharing, task, x, experts):
    """Return selector -> what each expert gets, by the paper's binary codes."""
    digits = math.ceil(math.log2(experts))
    z = affine(sharing.selectors, task, x).detach().view(sharing.k, digits)
    actual = []
    for row in z:
        gates = []
        for expert in range(experts):
            gate = 1.0
            for digit, code in enumerate(format(expert, f"0{digits}b")):
                up = step(float(row[digit]), sharing.gamma)
                gate *= up if code == "1" else 1.0 - up
            gates.append(gate)
        actual.append(gates)
    return actual


@pytest.mark.parametrize("tasks", [TASKS, ["alone"]], ids=len)
@pytest.mark.parametrize(
    ("experts", "k", "gamma"), [(4, 2, 1.0), (3, 3, 2.5), (5, 1, 4.0), (2, 1, 9.0)]
)
def test_a_task_reads_the_mixture_of_its_selectors(experts, k, gamma, tasks):
    sharing = stirred("dselect_k", tasks, experts=experts, k=k, gamma=gamma)

    def expected(means, task):
        x = means["shared"]
        weights = softmax(affine(sharing.weights, task, x))
        gates = torch.tensor(selected(sharing, task, x, experts), dtype=torch.float64)
        return sum(g * tower(sharing.experts, e, x) for e, g in enumerate(weights @ gates))

    assert_rows(sharing, {"shared": tokens()}, expected)


@pytest.mark.parametrize("experts", [4, 3])
def test_the_penalty_is_the_entropy_and_what_keeps_codes_within_the_experts(experts):
    sharing = stirred("dselect_k", experts=experts, gamma=6.0, entropy=0.3).train()
    given = tokens()
    sharing({"shared": given})
    owed = sharing.penalties({})
    assert sharing.penalties({}) == {}, "paid once"
    for task, name in enumerate(sharing.tasks):
        rows = []
        for row in range(5):
            total = 0.0
            for gates in selected(sharing, task, mean(given, row), experts):
                total -= 0.3 * sum(g * math.log(g + 1e-6) for g in gates if g > 0)
                total += 1 / sum(gates) - 1 if experts == 3 else 0.0
            rows.append(total)
        assert owed[name].item() == pytest.approx(sum(rows) / 5, rel=0, abs=1e-9)


@pytest.mark.parametrize(("code", "owed"), [(0.0, 0.0), (0.25, 1 / (1 - 0.84375**2) - 1)])
def test_the_penalty_by_hand(code, owed):
    """Both digits of the one selector of three experts are the step of `code`; the fourth code is nobody's."""
    sharing = DSelectK(["a"], 2, experts=3, k=1, entropy=0.0).double()
    with torch.no_grad():
        sharing.selectors.weights[0].zero_()
        sharing.selectors.biases[0].fill_(code or -1.0)
    sharing({"shared": Tokens.vector(torch.ones(7, 2).double())})
    assert sharing.penalties({})["a"].item() == pytest.approx(owed, rel=0, abs=1e-9)


def test_a_penalty_that_nobody_fetched_hinders_no_copy():
    sharing = stirred("dselect_k").train()
    sharing({"shared": tokens()})
    twin = deepcopy(sharing)
    assert twin.penalties({}) == {}
    assert set(sharing.penalties({})) == set(sharing.tasks)


def test_no_rows_owe_nothing():
    sharing = stirred("dselect_k", experts=3).train()
    sharing({"shared": tokens(rows=5)})
    said = sharing.mixing()
    none = Tokens(torch.zeros(0, 3, 4).double(), torch.zeros(0, 3, dtype=torch.bool))
    assert sharing({"shared": none})["one"].shape == (0, 4)
    assert [owed.item() for owed in sharing.penalties({}).values()] == [0.0, 0.0, 0.0]
    assert sharing.mixing() == said


def test_the_step_by_hand():
    assert smooth_step(torch.tensor([-0.5, -0.25, 0.0, 0.25, 0.5])).tolist() == [
        0.0,
        0.15625,
        0.5,
        0.84375,
        1.0,
    ]


def test_experts_bound_k():
    with pytest.raises(ValueError, match=r"`k` should be at most `experts` \(4\)\. Found 5"):
        DSelectK(["a"], 4, k=5)
    with pytest.raises(ValueError, match=r"`experts` should be a whole number from 2 on\. Found 1"):
        DSelectK(["a"], 4, experts=1)
