"""Quinton and Rey (2024), equation 3, by the optimality conditions of every projection."""

import pytest
import torch

from tests.balancing.jacobians import JACOBIANS, find
from torso.balancing import UPGrad


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def assert_projection(jacobian, start, weights, to=1e-9):
    """`weights @ jacobian` is the projection of `start @ jacobian` on the dual cone: a certificate.

    The projection is the only point of the cone from which `start` is reached by stepping against gradients that are
    orthogonal to it.
    """
    lengths = jacobian.norm(dim=1)
    alive = lengths > 0
    units = jacobian[alive] / lengths[alive, None]
    more = ((weights - start) * lengths)[alive]
    size = (start * lengths).sum() + 1e-300
    slopes = units @ ((weights * lengths)[alive] @ units)
    assert more.min() >= -to * size
    assert slopes.min() >= -to * size
    assert (more * slopes).abs().max() <= to * size**2


@pytest.mark.parametrize("name", find(without=("all zero",)))
def test_each_gradient_is_projected_exactly(name):
    case = JACOBIANS[name]
    count = len(case.jacobian)
    total = torch.zeros(count, dtype=torch.float64)
    alive = (case.jacobian.norm(dim=1) > 0).nonzero().flatten().tolist()
    for index in alive[:: max(1, len(alive) // 8)]:
        only = torch.eye(count, dtype=torch.float64)[index]
        weights = UPGrad(count, preference=only.tolist()).weights(case.gram)
        assert_projection(case.jacobian, only, weights)
        total += weights
    if len(alive) <= 8:
        torch.testing.assert_close(
            UPGrad(count).weights(case.gram), total / len(alive), rtol=1e-9, atol=0
        )


def test_one_number_by_hand():
    """(1, 0) becomes (1/2, 1/2) and (-1, 1) becomes (0, 1)."""
    jacobian = tensor((1.0, 0.0), (-1.0, 1.0))
    weights = UPGrad(2).weights(jacobian @ jacobian.T)
    torch.testing.assert_close(weights, tensor(1.0, 0.75), rtol=0, atol=1e-14)
    torch.testing.assert_close(weights @ jacobian, tensor(0.25, 0.75), rtol=0, atol=1e-14)


@pytest.mark.parametrize("length", [1e-12, 1e-8, 1e-3, 1e3, 1e12])
def test_small_gradients_are_no_special_case(length):
    """A rival turns into the mean of the gradients once their squared length is below 1e-4."""
    jacobian = length * tensor((1.0, 0.0), (-1.0, 1.0))
    weights = UPGrad(2).weights(jacobian @ jacobian.T)
    torch.testing.assert_close(weights, tensor(1.0, 0.75), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", find("full"))
def test_nobody_is_harmed(name):
    jacobian = JACOBIANS[name].jacobian
    direction = UPGrad(len(jacobian)).weights(JACOBIANS[name].gram) @ jacobian
    cosines = (jacobian @ direction) / jacobian.norm(dim=1) / direction.norm()
    assert cosines.min() >= -1e-12


@pytest.mark.parametrize("name", find("aligned"))
def test_without_a_conflict_it_is_the_mean(name):
    count = len(JACOBIANS[name].jacobian)
    weights = UPGrad(count).weights(JACOBIANS[name].gram)
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / count), rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", find("zero rows"))
def test_a_task_without_a_gradient_disturbs_nobody(name):
    case = JACOBIANS[name]
    alive = case.jacobian.norm(dim=1) > 0
    weights = UPGrad(len(alive)).weights(case.gram)
    assert not weights[~alive].any()
    if alive.any():
        fewer = case.jacobian[alive]
        expected = UPGrad(len(fewer)).weights(fewer @ fewer.T)
        torch.testing.assert_close(weights[alive], expected, rtol=1e-12, atol=0)


def test_preferences_count_relatively_and_over_those_that_are_there():
    jacobian = JACOBIANS["well-conditioned 3"].jacobian.clone()
    gram = jacobian @ jacobian.T
    tasks = ["a", "b", "c"]
    named = UPGrad(tasks, preference={"a": 2.0, "c": 0.0}).weights(gram)
    torch.testing.assert_close(named, UPGrad(tasks, preference=[4.0, 2.0, 0.0]).weights(gram))
    jacobian[0] = 0.0
    left = UPGrad(tasks, preference={"a": 2.0, "c": 0.0}).weights(jacobian @ jacobian.T)
    only = UPGrad(tasks, preference=[0.0, 1.0, 0.0]).weights(jacobian @ jacobian.T)
    torch.testing.assert_close(left, only)
    jacobian[1] = 0.0  # only the task that counts nothing is there
    nobody = UPGrad(tasks, preference={"a": 2.0, "c": 0.0}).weights(jacobian @ jacobian.T)
    assert not nobody.any()


def test_a_wrong_preference_is_named():
    with pytest.raises(ValueError, match=r"task in `preference`: 'd'.*Known: \['a', 'b'\]"):
        UPGrad(["a", "b"], preference={"d": 1.0})
    for wrong in ([1.0], [1.0, -1.0], [0.0, 0.0], [1.0, torch.nan], [1.0, torch.inf]):
        with pytest.raises(ValueError, match="`preference` should"):
            UPGrad(["a", "b"], preference=wrong)


def test_single_precision():
    gram = JACOBIANS["well-conditioned 8"].gram
    narrow = UPGrad(8).weights(gram.float())
    assert narrow.dtype == torch.float32
    torch.testing.assert_close(narrow.double(), UPGrad(8).weights(gram), rtol=1e-4, atol=1e-5)
