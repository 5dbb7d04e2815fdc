"""Varam and AlHajri (TMLR 2026), algorithm 1."""

import pytest
import torch

from tests.balancing.gram.steps import oracle, step, used
from tests.balancing.jacobians import JACOBIANS, find, normal
from torso.balancing import PCD


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def assert_solved(jacobian, sizes, tau, direction, weights):
    """`direction` is, up to its length, the constrained projection: a certificate.

    Args:
        jacobian: primary gradient first.
        sizes: `[tasks]`, the lengths of the normalised gradients.
        tau: share of progress.
        direction: of the length of the primary gradient.
        weights: of the gradients.
    """
    lengths = jacobian.norm(dim=1)
    units = jacobian / lengths[:, None]
    factor = weights[0] / (sizes[0] / lengths[0])  # direction = factor * d
    assert factor > 0
    solution = direction / factor
    multipliers = (weights * lengths / factor)[1:]
    slack = units[1:] @ solution - tau * sizes[1:]
    size = multipliers.sum() + sizes[0]
    assert multipliers.min() >= 0
    assert slack.min() >= -1e-8 * size
    assert (multipliers * slack).abs().max() <= 1e-8 * size**2


@pytest.mark.parametrize("name", find("full"))
def test_the_optimality_conditions_hold(name):
    for tau in (0.0, 0.02, 1.0):
        assert_optimal(name, tau)


def assert_optimal(name, tau):
    jacobian = JACOBIANS[name].jacobian
    count = len(jacobian)
    weights = PCD(count, tau=tau).weights(JACOBIANS[name].gram)
    direction = weights @ jacobian
    torch.testing.assert_close(direction.norm(), jacobian[0].norm(), rtol=1e-9, atol=0)
    if count > 1:
        assert_solved(jacobian, torch.ones(count).double(), tau, direction, weights)


@pytest.mark.parametrize("count", [2, 3, 8, 32])
def test_the_same_as_the_rival_step_by_step(count):
    weighting = oracle("PCDWeighting")(tau=0.1, beta=0.9, eps=0.0)
    ours = PCD(count, tau=0.1, beta=0.9, gram="exact")
    for number in range(8):
        jacobian = (0.5 + number) * normal(count, 4 * count, number)
        step(ours, jacobian)
        torch.testing.assert_close(
            used(ours), weighting(jacobian @ jacobian.T), rtol=1e-6, atol=1e-8
        )


def test_one_number_by_hand():
    """(3, 0) loses its half along (-4, 4) and keeps its length; with a share it is turned further."""
    jacobian = tensor((3.0, 0.0), (-4.0, 4.0))
    weights = PCD(2, tau=0.0).weights(jacobian @ jacobian.T)
    torch.testing.assert_close(weights @ jacobian, tensor(3.0, 3.0) / 2**0.5)
    # d = (1, 0) + m (-1, 1) / sqrt(2), and <(-1, 1) / sqrt(2), d> = tau
    share = PCD(2, tau=0.5).weights(jacobian @ jacobian.T) @ jacobian / 3.0
    m = 0.5 + 0.5**0.5
    expected = tensor(1 - m / 2**0.5, m / 2**0.5)
    torch.testing.assert_close(share, expected / expected.norm())


def test_a_harmless_primary_gradient_is_followed_as_it_is():
    jacobian = JACOBIANS["aligned 8"].jacobian
    weights = PCD(8, tau=0.0).weights(jacobian @ jacobian.T)
    torch.testing.assert_close(weights, tensor(1.0, *[0.0] * 7))


def test_constraints_that_contradict_each_other_are_dropped():
    jacobian = tensor((1.0, 2.0), (3.0, 1.0), (-6.0, -2.0))
    weights = PCD(3).weights(jacobian @ jacobian.T)
    torch.testing.assert_close(weights, tensor(1.0, 0.0, 0.0))


def test_the_opposite_of_the_primary_gradient_leaves_nothing_at_tau_zero():
    jacobian = tensor((1.0, 2.0), (-3.0, -6.0))
    weights = PCD(2, tau=0.0).weights(jacobian @ jacobian.T)
    assert (weights @ jacobian).norm() <= 1e-9
    assert weights.isfinite().all()


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_the_scale_of_a_secondary_loss_is_no_matter(factor):
    one, two = PCD(3, tau=0.2, gram="exact"), PCD(3, tau=0.2, gram="exact")
    for number in range(4):
        jacobian = normal(3, 7, number)
        expected = step(one, jacobian)
        scaled = jacobian * tensor((1.0,), (factor,), (1.0,))
        torch.testing.assert_close(step(two, scaled), expected, rtol=1e-7, atol=1e-10)


def test_the_primary_task_is_named_and_others_keep_their_places():
    jacobian = normal(3, 7, 5)
    gram = jacobian @ jacobian.T
    first = PCD(["a", "b", "c"]).weights(gram)
    turned = [2, 0, 1]
    named = PCD(["c", "a", "b"], primary="a").weights(gram[turned][:, turned])
    torch.testing.assert_close(named, first[turned])


def test_running_means_of_absent_tasks_stay_and_the_next_one_leads():
    balancer = PCD(3, gram="exact")
    jacobian = normal(3, 7, 6)
    step(balancer, jacobian)
    squares, seen = balancer.squares.clone(), balancer.seen.clone()
    direction = step(balancer, 2 * jacobian, torch.tensor([False, True, True]))
    assert balancer.squares[0] == squares[0]
    assert (balancer.seen - seen).tolist() == [0, 1, 1]
    assert float(direction.norm()) == pytest.approx(float(2 * jacobian[1].norm()))
    assert balancer.squares[1] > squares[1]


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match=r"task in `primary`: 'x'"):
        PCD(["a", "b"], primary="x")
    with pytest.raises(ValueError, match=r"`tau` should be from 0 to 1. Found 2"):
        PCD(2, tau=2.0)
    with pytest.raises(ValueError, match=r"`beta` should be from 0 to below 1. Found 1"):
        PCD(2, beta=1.0)
