"""Trunks tied to their mean."""

import pytest
import torch
from torch import nn

from tests import small
from torso.sharing import Soft


def trunks(*weights):
    """Return trunks of one layer without bias."""
    actual = {}
    for task, weight in zip("abc", weights, strict=False):
        actual[task] = nn.Linear(2, 1, bias=False).double()
        with torch.no_grad():
            actual[task].weight.copy_(torch.tensor([weight]))
    return actual


def test_by_hand():
    """Weights (1, 0) and (3, 4): mean (2, 2), distances squared 1 + 4 each, times a tenth."""
    owed = Soft(["a", "b"], 2, strength=0.1).penalties(trunks((1.0, 0.0), (3.0, 4.0)))
    assert {task: copied.item() for task, copied in owed.items()} == pytest.approx(
        {"a": 0.5, "b": 0.5}
    )


def test_the_gradient_is_that_of_the_distances_to_the_mean_and_stays_with_its_task():
    some = trunks((1.0, 0.0), (3.0, 4.0), (-2.0, 5.0))
    owed = Soft(["a", "b", "c"], 2, strength=0.3).penalties(some)
    stacked = torch.stack([copied.weight.detach() for copied in some.values()]).requires_grad_()
    (0.3 * (stacked - stacked.mean(dim=0)).square().sum()).backward()
    for index, (task, trunk) in enumerate(some.items()):
        others = [copied.weight for name, copied in some.items() if name != task]
        mine, *theirs = torch.autograd.grad(owed[task], [trunk.weight, *others], retain_graph=True)
        assert not any(copied.any() for copied in theirs)
        assert torch.allclose(mine, stacked.grad[index])


def test_two_tasks_pay_half_the_distance_between_them():
    """As Duong et al. tie two networks: sum_k |w_k - mean|² is |w_1 - w_2|² / 2."""
    owed = Soft(["a", "b"], 2, strength=1.0).penalties(trunks((1.0, 0.0), (3.0, 4.0)))
    assert sum(owed.values()).item() == pytest.approx((4.0 + 16.0) / 2)


def test_trunks_start_alike_or_not():
    weights = [
        [next(iter(trunk.parameters())) for _, trunk in small.model(sharing=spec).trunks.pairs()]
        for spec in ("soft", {"type": "soft", "alike": False})
    ]
    assert all(torch.equal(weights[0][0], copied) for copied in weights[0])
    assert not torch.equal(weights[1][0], weights[1][1])


def test_without_strength_or_others_nothing_is_owed():
    assert Soft(["a", "b"], 2, strength=0.0).penalties(trunks((1.0, 0.0), (3.0, 4.0))) == {}
    assert Soft(["a"], 2).penalties(trunks((1.0, 0.0))) == {}
    with pytest.raises(ValueError, match=r"`strength` should be a number from 0 on\. Found -1"):
        Soft(["a"], 2, strength=-1)
