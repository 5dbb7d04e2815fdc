import numpy as np
import pytest
import torch

from tests.balancing.gram.precise import LONG, long
from tests.balancing.jacobians import JACOBIANS, find
from tests.balancing.jacobians import gram as gram_of
from torso.balancing import FairGrad, NashMTL
from torso.core.errors import ConfigError


def weigh(gram, **settings):
    return FairGrad(len(gram), gram="exact", **settings).weights(gram)


def gap(gram, weights, alpha: float) -> float:
    """Return the largest relative error of `G w = w ** (-1 / alpha)`."""
    w = long(weights)
    return float(np.abs((long(gram) @ w) * w ** (LONG(1) / LONG(alpha)) - 1).max())


@pytest.mark.parametrize("case", find("full"))
def test_the_equation_holds_to_rounding(case):
    gram = JACOBIANS[case].gram
    for alpha in (0.5, 1.0, 2.0, 10.0):
        if alpha == 10.0 and "scales" in JACOBIANS[case].tags:
            continue  # the answer has weights of 1e-70, below the rounding of the others' products
        assert gap(gram, weigh(gram, alpha=alpha), alpha) <= 1e-9, alpha


@pytest.mark.parametrize("alpha", [10.0, 30.0])
@pytest.mark.parametrize("case", find("full", "scales"))
def test_the_equation_holds_to_rounding_of_its_parts_a_billionfold_apart(case, alpha):
    """Lengths 1e9 and weights 1e246 apart: both sides agree to what float64 can tell of `G w`."""
    gram = long(JACOBIANS[case].gram)
    w = long(weigh(JACOBIANS[case].gram, alpha=alpha))
    side = w ** (-1 / LONG(alpha))
    assert (np.abs(gram @ w - side) <= 1e-12 * (np.abs(gram) @ w + side)).all()


def test_a_weight_below_the_least_number_is_zero():
    weights = weigh(JACOBIANS["scales aligned 8"].gram, alpha=1000.0)
    assert weights.isfinite().all()
    assert weights.min() == 0
    assert (JACOBIANS["scales aligned 8"].gram @ weights > 0).all()


@pytest.mark.parametrize("alpha", [30.0, 100.0])
def test_a_solution_out_of_reach_is_an_error(alpha):
    with pytest.raises(ConfigError, match=r"No fair weights were found.* lower `alpha`"):
        weigh(JACOBIANS["rank-deficient scales 8"].gram, alpha=alpha)


@pytest.mark.parametrize("case", [*find("deficient", "aligned"), "rank-deficient 8", "twins 64"])
def test_the_equation_holds_for_gradients_that_depend_on_each_other(case):
    gram = JACOBIANS[case].gram
    assert gap(gram, weigh(gram), 2.0) <= 1e-7


def test_orthogonal_gradients_by_hand():
    """One by one: `4 w = w ** (-1/2)` gives `w = 4 ** (-2/3)`."""
    gram = torch.diag(torch.tensor([1.0, 4.0], dtype=torch.float64))
    assert weigh(gram).tolist() == pytest.approx([1.0, 4 ** (-2 / 3)], rel=1e-14)


def test_alpha_one_is_the_bargain():
    gram = JACOBIANS["scales 8"].gram
    bargain = NashMTL(8, normalize=False).weights(gram)
    assert weigh(gram, alpha=1.0).tolist() == pytest.approx(bargain.tolist(), rel=1e-12)


def test_the_degree_follows_alpha():
    assert FairGrad(2).degree == pytest.approx(-2 / 3)
    assert FairGrad(2, alpha=1.0).degree == pytest.approx(-0.5)
    gram = JACOBIANS["well-conditioned 3"].gram
    actual = weigh(1e-10 * gram, alpha=3.0)
    expected = 1e-10**-0.75 * weigh(gram, alpha=3.0)
    assert actual.tolist() == pytest.approx(expected.tolist(), rel=1e-12)


@pytest.mark.parametrize("case", ["well-conditioned 3", "aligned 8", "well-conditioned 8"])
def test_equals_the_rivals_solver_where_gradients_are_of_size_one(case):
    rival = pytest.importorskip("torchjd.aggregation").FairGradWeighting(alpha=2.0)
    gram = JACOBIANS[case].gram
    assert weigh(gram).tolist() == pytest.approx(rival(gram).tolist(), rel=1e-6)


@pytest.mark.parametrize("size", [1e-8, 1e-4])
def test_the_rivals_solver_is_lost_where_they_are_small(size):
    rival = pytest.importorskip("torchjd.aggregation").FairGradWeighting(alpha=2.0)
    gram = gram_of(size * JACOBIANS["well-conditioned 8"].jacobian)
    assert gap(gram, rival(gram), 2.0) > 0.5
    assert gap(gram, weigh(gram), 2.0) <= 1e-12


def test_a_wrong_alpha_is_refused():
    for alpha in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match=r"`alpha` should be positive and finite\. Found"):
            FairGrad(2, alpha=alpha)
