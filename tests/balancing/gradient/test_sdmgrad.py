from itertools import pairwise

import pytest
import torch

from tests.balancing.gradient.laws import assert_near, step, walk
from tests.balancing.jacobians import gram, normal, spread
from torso.balancing import SDMGrad


@pytest.mark.parametrize(
    (
        "count",
        "lr",
    ),  # with large steps the inner loop doesn't converge: it enlarges rounding errors
    [(2, 10.0), (3, 10.0), (8, 3.0), (32, 0.3), (64, 0.3)],
)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_equals_torchjd_on_two_batches(count, lr, scale):
    """torchjd adds 1e-8 to a squared length; it gets large gradients, to which that is nothing."""
    aggregation = pytest.importorskip("torchjd.aggregation")
    oracle = aggregation.SDMGradWeighting(lr=lr, momentum=0.4, n_iter=15, lambda_=0.2)
    balancer = SDMGrad(count, lr=lr, momentum=0.4, iterations=15, towards_mean=0.2)
    batches = walk(count, 5 * count + 40, 6)
    step(balancer, scale * batches[0])
    for last, batch in pairwise(batches):
        step(balancer, scale * batch)
        expected = oracle(1e12 * last @ batch.T)
        actual = torch.tensor(list(balancer.task_weights().values()), dtype=torch.float64)
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-9)
        assert_near(balancer(last), expected @ last, 1e-8)
    assert expected.std() > 1e-3


@pytest.mark.parametrize("count", [2, 3, 8])
def test_without_noise_it_minimises_what_it_says(count):
    """Optimality of `|g_w + c g_0|` over the simplex, after some steps with one Jacobian."""
    jacobian = normal(count, 4 * count, 5)
    balancer = SDMGrad(count, lr=0.2, iterations=500, momentum=0.5)
    for _ in range(4):
        step(balancer, jacobian)
    weights = balancer.weights
    slope = gram(jacobian) @ (weights + 0.3 / count)
    assert ((slope @ weights - slope.min()) / slope.abs().max()).item() < 1e-9
    expected = (weights + 0.3 / count) @ jacobian / 1.3
    assert_near(balancer(jacobian), expected)


def test_worked_by_hand():
    # batches alike: products diag(1, 9) / 4; slope (.575/4, 5.175/4) for w = (.5, .5) and c/2 = .075
    jacobian = torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=torch.float64)
    balancer = SDMGrad(2, towards_mean=0.15, lr=0.2, iterations=1)
    step(balancer, jacobian)
    torch.testing.assert_close(balancer(jacobian), jacobian.mean(0))
    step(balancer, jacobian)
    shift = 0.2 * (5.175 - 0.575) / 4 / 2
    expected = (0.5 + shift + 0.075) / 1.15, (0.5 - shift + 0.075) / 1.15
    assert list(balancer.task_weights().values()) == pytest.approx(expected)


def test_a_large_pull_is_the_mean():
    balancer = SDMGrad(3, towards_mean=1e9)
    for jacobian in walk(3, 20):
        assert_near(step(balancer, jacobian), jacobian.mean(0), 1e-6)


def test_gradients_that_agree_in_nothing_leave_the_weights_alone():
    jacobian, balancer = normal(2, 20, 0), SDMGrad(2)
    step(balancer, jacobian)
    step(balancer, -jacobian)
    assert balancer.weights.tolist() == [0.5, 0.5]


def test_lengths_far_apart():
    balancer = SDMGrad(8)
    for jacobian in walk(8, 60):
        assert step(balancer, jacobian * spread(8, -3, 6)).isfinite().all()
        assert balancer.weights.sum().item() == pytest.approx(1.0)


@pytest.mark.parametrize(
    "setting",
    [
        {"towards_mean": -1.0},
        {"lr": 0.0},
        {"momentum": 1.0},
        {"momentum": -0.1},
        {"iterations": 0},
        {"lr": float("nan")},
    ],
)
def test_settings_are_checked(setting):
    with pytest.raises(ValueError, match=f"Parameter `{next(iter(setting))}` should .* Found"):
        SDMGrad(2, **setting)
