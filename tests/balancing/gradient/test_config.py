import pytest
import torch
from torch.nn.functional import cosine_similarity

from tests.balancing.gradient.laws import assert_near
from tests.balancing.jacobians import JACOBIANS, find, normal
from torso.balancing import ConFIG

SOLVABLE = [
    case
    for case in find(without=("zero rows",))
    if not case.startswith("opposed 2")  # there torchjd's answer is rounding
]


def by_pinv(jacobian):
    """Return the paper's equations 2 and 3 as they are written."""
    units = jacobian / jacobian.norm(dim=1, keepdim=True)
    direction = torch.linalg.pinv(units) @ torch.ones(len(units), dtype=units.dtype)
    direction /= direction.norm()
    return (jacobian @ direction).sum() * direction


@pytest.mark.parametrize("case", SOLVABLE)
def test_equals_the_paper_and_torchjd(case):
    jacobian = JACOBIANS[case].jacobian
    actual = ConFIG(len(jacobian))(jacobian)
    assert_near(actual, by_pinv(jacobian), 1e-6)
    assert_near(actual.float(), ConFIG(len(jacobian))(jacobian.float()), 1e-4)
    aggregation = pytest.importorskip("torchjd.aggregation")
    assert_near(actual, aggregation.ConFIG()(jacobian), 1e-6)


@pytest.mark.parametrize("case", find("full"))
def test_the_angle_with_every_gradient_is_the_same(case):
    jacobian = JACOBIANS[case].jacobian
    cosines = cosine_similarity(ConFIG(len(jacobian))(jacobian)[None], jacobian)
    assert cosines.min() > 0
    torch.testing.assert_close(cosines, cosines.mean().expand_as(cosines), rtol=1e-6, atol=0)


def test_worked_by_hand():
    # u = (1, 1) / sqrt 2; the projections on it sum to 7 / sqrt 2
    actual = ConFIG(2)(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    torch.testing.assert_close(actual, torch.tensor([3.5, 3.5]))


def test_preference_is_the_proportion_of_the_cosines():
    jacobian = normal(3, 10, 0)
    balancer = ConFIG(["a", "b", "c"], preference={"a": 2.0, "c": 0.5})
    actual = balancer(jacobian)
    cosines = cosine_similarity(actual[None], jacobian)
    torch.testing.assert_close(cosines / cosines[1], torch.tensor([2.0, 1.0, 0.5]).double())
    aggregation = pytest.importorskip("torchjd.aggregation")
    wanted = torch.tensor([2.0, 1.0, 0.5]).double()
    assert_near(actual, aggregation.ConFIG(pref_vector=wanted)(jacobian))


def test_a_million_float32_numbers_that_nearly_oppose():
    """The authors' pseudo-inverse finds no direction there: its cutoff grows with the number of numbers."""
    common, other = normal(2, 1_000_000, 0).float()
    jacobian = torch.stack([common + 0.1 * other, -common + 0.1 * other])
    assert by_pinv(jacobian).norm() < 0.01 * by_pinv(jacobian.double()).norm()
    actual = ConFIG(2)(jacobian)
    assert_near(actual.double(), by_pinv(jacobian.double()), 1e-4)
    assert cosine_similarity(actual[None], jacobian).min() > 0.09


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("length", [1e-3, 1.0, 1e6])
def test_gradients_that_oppose_each_other_exactly_cancel(dtype, length):
    one, other = normal(2, 1000, 0).to(dtype)
    assert not ConFIG(2)(torch.stack([one, -length * one])).any()
    rest = other - (other @ one) / (one @ one) * one
    actual = ConFIG(3)(torch.stack([one, -length * one, rest]))
    assert cosine_similarity(actual, rest, dim=0) > 1 - 1e-6


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"Unknown task in `preference`: 'c'"):
        ConFIG(["a", "b"], preference={"c": 0.5})
    for share in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(
            ValueError, match=r"`preference` should be finite and above 0\. Found {'a'"
        ):
            ConFIG(["a", "b"], preference={"a": share})
