"""Shen et al. (NeurIPS 2024): groups by K-means on the tasks' indicators."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from torso.balancing import GO4Align
from torso.balancing.loss.go4align import group_means


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def step(balancer, losses, present=None):
    leaves = tensor(*losses)
    balancer.backward(leaves, [], present)
    return leaves.grad.numpy()


def test_ten_steps_of_the_formula_with_a_group_for_each():
    balancer, p = GO4Align(4, groups=4, step_size=0.1).double(), np.full(4, 0.25)
    random = np.random.default_rng(0)
    for _ in range(10):
        losses = random.uniform(0.1, 5.0, 4)
        p = p * np.exp(-0.1 * losses)
        p /= p.sum()
        np.testing.assert_allclose(step(balancer, losses), p * losses.sum() / losses, rtol=1e-10)
    assert p.std() > 0.01


def test_one_number_by_hand():
    """Step 0: indicators sum(L) / (3 L) = 16/3 (1/1, 1/2, 1/13); the first two are nearer to each other."""
    balancer = GO4Align(3, step_size=0.0).double()
    actual = step(balancer, [1.0, 2.0, 13.0])
    together = 16 / 3 * (1 + 1 / 2) / 2
    assert actual.tolist() != pytest.approx(
        [together, together, 16 / 3 / 13]
    )  # 1/2 is nearer to 1/13
    apart = 16 / 3 * (1 / 2 + 1 / 13) / 2
    assert actual.tolist() == pytest.approx([16 / 3, apart, apart])


def test_one_group_is_the_mean():
    actual = step(GO4Align(3, groups=1, step_size=0.0).double(), [1.0, 2.0, 4.0])
    assert actual.tolist() == pytest.approx([7 / 3 * (1 + 1 / 2 + 1 / 4) / 3] * 3)


@pytest.mark.parametrize("groups", [1, 2, 3, 5, 9])
def test_the_grouping_is_the_best_of_all(groups):
    """Against every assignment of seven values."""
    for seed in range(3):
        values = np.random.default_rng(seed).lognormal(0.0, 1.0, 7)
        names = range(min(groups, 7))
        every = product(names, repeat=6) if groups <= 3 else intervals(values, groups)
        best = min(
            sum(np.square(g - g.mean()).sum() for g in split)
            for split in (
                ([values[np.array((0, *a)) == n] for n in set(a) | {0}] for a in every)
                if groups <= 3
                else every
            )
        )
        means = group_means(values, groups)
        assert len(np.unique(means)) == min(groups, 7)
        assert np.square(values - means).sum() == pytest.approx(best, abs=1e-12)


def intervals(values, groups):
    """Return all ways to cut the sorted values into at most so many runs."""
    line, cuts = np.sort(values), range(1, len(values))
    for chosen in product([False, True], repeat=len(values) - 1):
        if sum(chosen) < groups:
            ends = [0, *(c for c, yes in zip(cuts, chosen, strict=True) if yes), len(values)]
            yield [line[a:b] for a, b in pairwise(ends)]


@pytest.mark.parametrize("groups", [2, 5])
def test_sixty_four_tasks_are_no_worse_than_the_best_of_fifty_random_starts(groups):
    cluster = pytest.importorskip("sklearn.cluster")
    values = np.random.default_rng(1).lognormal(0.0, 1.0, 64)
    theirs = cluster.KMeans(groups, n_init=50, random_state=0).fit(values[:, None]).inertia_
    ours = np.square(values - group_means(values, groups)).sum()
    assert theirs * (1 - 0.1) < ours <= theirs * (1 + 1e-9)


def test_equal_values_share_a_group_and_scales_do_not_matter():
    values = np.array([1.0, 5.0, 1.0, 1.0, 9.0])
    assert group_means(values, 3).tolist() == values.tolist()
    for scale in (1e-200, 1e-9, 1e200):
        np.testing.assert_allclose(
            group_means(values * scale, 2) / scale, [1, 7, 1, 1, 7], rtol=1e-12
        )
    assert group_means(np.ones(4), 2).tolist() == [1.0] * 4
    assert group_means(np.zeros(2), 2).tolist() == [0.0] * 2


def test_absent_tasks_keep_their_risk_and_their_share():
    balancer = GO4Align(3, groups=3, step_size=0.5).double()
    step(balancer, [1.0, 2.0, 3.0])
    before = balancer.log_risk.exp()
    step(balancer, [9.0, 1.0, 1.0], torch.tensor([False, True, True]))
    after = balancer.log_risk.exp()
    assert after[0] == before[0]
    assert after.sum().item() == pytest.approx(before.sum().item())
    assert (after[2] / after[1]).item() == pytest.approx((before[2] / before[1]).item())
    step(balancer, [9.0, 1.0, 2.0], torch.tensor([False, True, True]))
    assert (balancer.log_risk[2] - balancer.log_risk[1]).item() == pytest.approx(-0.5 * 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"groups": 0}, r"`groups` should be at least 1\. Found 0"),
        ({"step_size": -1.0}, r"`step_size` should be finite and not negative\. Found -1"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        GO4Align(2, **settings)
