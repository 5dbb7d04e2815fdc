"""Lin et al. (TMLR 2022): random weights."""

from functools import cache

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import kstest

from torso.balancing import RLW

DISTRIBUTIONS = ["normal", "uniform", "dirichlet", "bernoulli", "one"]


@cache
def draws(steps, tasks=3, **settings):
    """Return the weights of many steps; a seed repeats them, so tests of one distribution share them."""
    balancer = RLW(tasks, **settings).double()
    rows = []
    for _ in range(steps):
        leaves = torch.ones(tasks, dtype=torch.float64, requires_grad=True)
        balancer.backward(leaves, [])
        rows.append(leaves.grad.numpy())
    return np.stack(rows)


def test_normal_weights_are_the_softmax_of_normal_draws():
    """The log ratio of two weights is the difference of two normal draws: normal with variance 2."""
    actual = draws(2000, distribution="normal")
    np.testing.assert_allclose(actual.sum(1), 1.0)
    assert kstest(np.log(actual[:, 0] / actual[:, 1]) / np.sqrt(2), "norm").pvalue > 1e-3


def test_uniform_weights_are_the_softmax_of_uniform_draws():
    """The log ratio is the difference of two uniform draws, whose distribution is a triangle."""
    actual = draws(2000, distribution="uniform")
    ratio = np.log(actual[:, 0] / actual[:, 1])
    assert kstest(ratio, "triang", args=(0.5, -1, 2)).pvalue > 1e-3


def test_dirichlet_weights_lie_evenly_on_the_simplex():
    """Each is Beta(1, K - 1). The softmax of the draw, as in LibMTL, would stay near 1 / K."""
    actual = draws(2000, distribution="dirichlet")
    np.testing.assert_allclose(actual.sum(1), 1.0)
    assert kstest(actual[:, 1], "beta", args=(1, 2)).pvalue > 1e-3
    assert softmax(actual, axis=1).max() < 0.6 < actual.max()


def test_bernoulli_weights_are_zeros_and_ones_and_never_all_zero():
    actual = draws(2000, distribution="bernoulli")
    assert set(np.unique(actual)) == {0.0, 1.0}
    patterns, counts = np.unique(actual, axis=0, return_counts=True)
    assert len(patterns) == 7
    assert (abs(counts - 2000 / 7) < 72).all()  # seven alike: the standard deviation is 16


def test_one_task_a_step():
    actual = draws(2000, distribution="one")
    np.testing.assert_array_equal(np.sort(actual, axis=1), np.tile([0.0, 0.0, 1.0], (2000, 1)))
    assert (abs(actual.sum(0) - 2000 / 3) < 90).all()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_on_average_all_tasks_weigh_the_same(distribution):
    means = draws(2000, distribution=distribution).mean(0)
    np.testing.assert_allclose(means, means.mean(), rtol=0.1)


def test_a_seed_repeats_and_another_differs():
    again = draws.__wrapped__(5, seed=1)  # not from the cache
    np.testing.assert_array_equal(draws(5, seed=1), again)
    assert (draws(5, seed=1) != draws(5, seed=2)).all()
    assert len(np.unique(draws(50)[:, 0])) == 50


def test_the_value_is_the_weighted_sum_and_waits_for_the_step():
    balancer, everyone = RLW(2).double(), torch.ones(2, dtype=torch.bool)
    first = balancer(torch.tensor([1.0, 10.0], dtype=torch.float64), everyone)
    assert balancer(torch.tensor([1.0, 10.0], dtype=torch.float64), everyone) == first
    one, ten = draws(1, tasks=2)[0]
    assert first.item() == pytest.approx(one + 10 * ten)


def test_wrong_settings_are_refused():
    with pytest.raises(
        ValueError, match=r"`distribution` should be one of \['bernoulli'.*'cauchy'"
    ):
        RLW(2, distribution="cauchy")
    with pytest.raises(ValueError, match=r"`seed` should not be negative\. Found -1"):
        RLW(2, seed=-1)
