"""Fernando et al. (ICLR 2023), algorithm 1: the step on the weights."""

import pytest
import torch

from tests.balancing.gram.steps import step, used
from tests.balancing.jacobians import JACOBIANS
from torso.balancing import MGDA, MoCo


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_one_number_by_hand():
    """(1/2, 1/2) - (1/10) (1/2, 1/8) = (0.45, 0.4875), and 0.03125 more each to sum to one."""
    weights = MoCo(2, gamma=0.1).weights(torch.diag(tensor(1.0, 0.25)))
    torch.testing.assert_close(weights, tensor(0.48125, 0.51875))


def test_two_steps_follow_the_formula():
    """The second step starts from the first's weights and is shorter by 2 to the power of `decay`."""
    jacobian = JACOBIANS["well-conditioned 3"].jacobian
    gram = jacobian @ jacobian.T / jacobian.square().sum(1).max()
    balancer = MoCo(3, gamma=0.2, decay=1.0, rho=0.3, gram="exact")
    expected = torch.full((3,), 1 / 3, dtype=torch.float64)
    for number in (1, 2):
        moved = expected - 0.2 / number * (gram @ expected + 0.3 * expected)
        expected = moved + (1 - moved.sum()) / 3  # nobody reaches zero here
        step(balancer, jacobian)
        torch.testing.assert_close(used(balancer), expected)


@pytest.mark.parametrize("name", ["well-conditioned 3", "well-conditioned 8", "opposed 8"])
def test_with_gradients_that_stay_it_becomes_mgda(name):
    jacobian = JACOBIANS[name].jacobian
    balancer = MoCo(len(jacobian), gamma=1.0, decay=0.0, gram="exact")
    for _ in range(250):
        step(balancer, jacobian)
    shortest = MGDA(len(jacobian)).weights(jacobian @ jacobian.T) @ jacobian
    torch.testing.assert_close(used(balancer) @ jacobian, shortest, rtol=1e-6, atol=1e-6)


def test_a_long_step_ends_in_a_corner():
    weights = MoCo(3, gamma=100.0).weights(torch.diag(tensor(1.0, 0.5, 0.25)))
    assert weights.tolist() == pytest.approx([0.0, 0.0, 1.0])


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e12])
def test_the_scale_is_no_matter(scale):
    jacobian = JACOBIANS["well-conditioned 8"].jacobian
    one, two = MoCo(8, gram="exact"), MoCo(8, gram="exact")
    for _ in range(3):
        step(one, jacobian)
        step(two, scale * jacobian)
    torch.testing.assert_close(used(two), used(one), rtol=1e-10, atol=0)


def test_tasks_that_are_there_share_what_they_had():
    balancer = MoCo(3, gram="exact")
    jacobian = torch.diag(tensor(1.0, 2.0, 3.0))
    step(balancer, jacobian)
    before = balancer.tracked.clone()
    step(balancer, jacobian, torch.tensor([True, True, False]))
    assert balancer.tracked[2] == before[2]
    assert float(balancer.tracked.sum()) == pytest.approx(1.0)
    assert balancer.tracked[0] > before[0]
    assert float(used(balancer)[:2].sum()) == pytest.approx(1.0)
    balancer.tracked.copy_(tensor(0.0, 0.0, 1.0))  # those that are there have nothing
    step(balancer, jacobian, torch.tensor([True, True, False]))
    assert float(used(balancer).sum()) == pytest.approx(1.0)
    assert balancer.tracked.tolist() == [0.0, 0.0, 1.0]


def test_wrong_settings_are_named():
    for name in ("gamma", "decay", "rho"):
        with pytest.raises(ValueError, match=f"`{name}` should be a finite number from 0 on"):
            MoCo(2, **{name: -1.0})
