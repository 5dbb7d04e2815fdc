import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from tests.balancing.gram.precise import lengths, long
from tests.balancing.jacobians import JACOBIANS, find, normal
from tests.balancing.jacobians import gram as gram_of
from torso.balancing import CAGrad


def weigh(gram, **settings):
    return CAGrad(len(gram), gram="exact", **settings).weights(gram)


def kkt_gap(gram, weights, c: float) -> float:
    """Return how far the dual solution is from optimal.

    With `v = weights - 1 / tasks`, which is `c |g_0| / |g_w| * w`, optimal means that `d` reaches the edge of the
    ball and that `<g_i, d>` is least, and equal, where `v_i > 0`; as inner products of unit gradients in units
    of `|g_0|`.
    """
    g, w = long(gram), long(weights)
    mean = np.ones_like(w) / len(w)
    pull = w - mean
    pull[np.abs(pull) < 1e-15 * np.abs(pull).max()] = 0  # of 1 / tasks nothing is left but rounding
    radius = np.sqrt(mean @ g @ mean)
    products = g @ w
    share = pull / pull.sum()
    excess = (share @ products - products) / lengths(g) / radius
    edge = abs(np.sqrt(pull @ g @ pull) / (c * radius) - 1)
    return float(max(excess.max(), np.abs(excess)[share > 0].max(), edge))


@pytest.mark.parametrize("case", find(without=("zero rows",)))
def test_the_optimality_conditions_hold(case):
    for c in (0.1, 0.5, 0.9):
        assert_optimal(case, c)


def assert_optimal(case, c):
    gram = JACOBIANS[case].gram
    weights = weigh(gram, c=c, rescale=False)
    gap = kkt_gap(gram, weights, c)
    if "opposed" not in JACOBIANS[case].tags or gap <= 1e-9:
        assert gap <= 1e-9
        return  # else the best worst case has to be zero, and `d` need not reach the edge of the ball
    g, w = long(gram), long(weights)
    mean = np.ones_like(w) / len(w)
    pull, radius = w - mean, np.sqrt(mean @ g @ mean)
    assert np.sqrt(max(pull @ g @ pull, 0)) <= c * radius * (1 + 1e-6)
    assert (g @ w / lengths(g)).min() >= -1e-6 * radius  # no more than zero is possible


def test_the_worst_task_gets_what_the_solver_finds():
    """SLSQP on the authors' dual, with tight tolerances and nothing added under the roots."""
    for case in ("well-conditioned 3", "aligned 8", "well-conditioned 8", "rank-deficient 8"):
        gram = JACOBIANS[case].gram
        g = gram.numpy() / float(gram.diagonal().max())
        mean = np.full(len(g), 1 / len(g))
        radius = 0.5 * np.sqrt(mean @ g @ mean)
        actual = minimize(
            lambda w, g=g, mean=mean, radius=radius: mean @ g @ w + radius * np.sqrt(w @ g @ w),
            mean,
            jac=lambda w, g=g, mean=mean, radius=radius: (
                g @ mean + radius * g @ w / np.sqrt(w @ g @ w)
            ),
            bounds=[(0, 1)] * len(g),
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
            options={"ftol": 1e-15, "maxiter": 1000},
        )
        ours = weigh(gram, rescale=False).numpy() - mean
        ours /= ours.sum()
        assert mean @ g @ ours + radius * np.sqrt(ours @ g @ ours) <= actual.fun + 1e-12
        direction = radius * actual.x / np.sqrt(actual.x @ g @ actual.x) + mean
        off = direction - weigh(gram, rescale=False).numpy()
        assert np.sqrt(max(off @ g @ off, 0)) <= 1e-5 * np.sqrt(direction @ g @ direction)


def test_orthonormal_gradients_by_hand():
    """The mean is the worst task's best: g_0 (1 + c), divided by 1 + c^2 if asked."""
    gram = torch.eye(2, dtype=torch.float64)
    assert weigh(gram, c=0.5, rescale=False).tolist() == pytest.approx([0.75, 0.75])
    assert weigh(gram, c=0.5).tolist() == pytest.approx([0.6, 0.6])


def test_no_radius_is_the_mean():
    gram = JACOBIANS["well-conditioned 8"].gram
    assert weigh(gram, c=0.0).tolist() == pytest.approx([1 / 8] * 8)


@pytest.mark.parametrize("case", find(without=("zero rows", "opposed"), most=32))
def test_a_large_ball_holds_a_direction_without_conflict(case):
    gram = JACOBIANS[case].gram
    weights = weigh(gram, c=1.0)
    sizes = gram.diagonal().sqrt()
    assert (gram @ weights >= -1e-7 * sizes * (weights * sizes).sum()).all()


@pytest.mark.parametrize("size", [1e-8, 1e-4, 1.0, 1e6])
def test_no_scale_is_special(size):
    """A rival adds absolute thresholds and returns zero for small gradients."""
    jacobian = JACOBIANS["well-conditioned 3"].jacobian
    expected = weigh(gram_of(jacobian))
    assert weigh(gram_of(size * jacobian)).tolist() == pytest.approx(expected.tolist(), rel=1e-9)


def test_lengths_ten_thousand_times_apart_are_no_zero():
    jacobian = normal(2, 9, seed=1) * torch.tensor([[1.0], [1e4]], dtype=torch.float64)
    gram = gram_of(jacobian)
    assert kkt_gap(gram, weigh(gram, rescale=False), 0.5) <= 1e-9
    assert ((gram @ weigh(gram)) > 0).all()


def test_a_hull_that_touches_zero_leaves_what_harms_nobody():
    """Two opposed gradients and one across: by hand the best worst case is zero, and `d` goes straight up."""
    jacobian = torch.tensor([[1.0, 0.0], [-1.5, 0.0], [0.0, 1.0]], dtype=torch.float64)
    direction = weigh(gram_of(jacobian), rescale=False) @ jacobian
    assert direction.tolist() == pytest.approx([0.0, 1 / 3], abs=1e-6)


def test_opposed_gradients_of_one_length_have_no_mean():
    gram = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)
    assert weigh(gram, rescale=False).tolist() == pytest.approx([0.5, 0.5])


def test_a_wrong_radius_is_refused():
    with pytest.raises(ValueError, match=r"`c` should be finite and not negative\. Found -1"):
        CAGrad(2, c=-1.0)


def test_the_answer_at_the_very_start_of_the_search():
    """Where one gradient alone is nearest to zero, the search begins at its end; rounding may put it past it."""
    direction = torch.tensor([1.0, 0.0], dtype=torch.float64)
    for turn in range(200):
        jacobian = torch.stack([direction * (0.1 + turn / 7), direction * (1.3 + turn / 3)])
        for c in (0.1, 0.3, 0.7):
            weights = weigh(gram_of(jacobian), c=c, rescale=False)
            mean = jacobian.mean(dim=0)
            expected = mean * (
                1 + c
            )  # all gradients are parallel: the edge of the ball straight ahead
            assert torch.allclose(weights @ jacobian, expected, rtol=1e-9)
