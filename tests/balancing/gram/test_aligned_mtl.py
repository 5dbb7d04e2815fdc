import mpmath
import pytest
import torch

from tests.balancing.jacobians import JACOBIANS, find
from torso.balancing import AlignedMTL


def weigh(gram, **settings):
    return AlignedMTL(len(gram), gram="exact", **settings).weights(gram)


def exactly(gram, mode: str) -> list[float]:
    """Return `s G^(-1/2) 1` computed with 60 digits."""
    with mpmath.workdps(60):
        values, vectors = mpmath.eigsy(mpmath.matrix(gram.tolist()))
        sigma = sorted(mpmath.sqrt(one) for one in values)
        scale = {
            "min": sigma[0],
            "median": sigma[(len(sigma) - 1) // 2],
            "rmse": mpmath.sqrt(sum(one**2 for one in sigma) / len(sigma)),
        }[mode]
        ones = mpmath.matrix([1] * len(sigma))
        parts = vectors.T * ones
        for index, value in enumerate(values):
            parts[index] *= scale / mpmath.sqrt(value)
        return [float(one) for one in vectors * parts]


@pytest.mark.parametrize("case", find("full", most=8))
def test_equals_the_formula_in_sixty_digits(case):
    """Also where the gradients' lengths are a billion apart; an eigenvalue routine loses the short ones."""
    for mode in ("min", "median", "rmse"):
        assert_exact(JACOBIANS[case].gram, mode)


def assert_exact(gram, mode):
    actual, expected = weigh(gram, scale_mode=mode), exactly(gram, mode)
    assert actual.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12 * max(map(abs, expected)))


@pytest.mark.parametrize("case", find(without=("zero rows", "scales"), most=32))
def test_equals_the_rival_times_the_number_of_tasks(case):
    """It takes the mean where the authors' code takes the sum."""
    for mode in ("min", "median", "rmse"):
        assert_equal_to_the_rival(case, mode)


def assert_equal_to_the_rival(case, mode):
    rival = pytest.importorskip("torchjd.aggregation").AlignedMTLWeighting(scale_mode=mode)
    jacobian = JACOBIANS[case].jacobian
    gram = JACOBIANS[case].gram
    expected = len(gram) * rival(gram) @ jacobian
    actual = weigh(gram, scale_mode=mode) @ jacobian
    assert (actual - expected).norm() <= 1e-6 * expected.norm() + 1e-9 * jacobian.norm()


def test_orthogonal_gradients_by_hand():
    """Each is brought to the length of the shortest, 2; to the lower middle, 3; to the root mean square, 14 / 3."""
    gram = torch.diag(torch.tensor([4.0, 9.0, 36.0], dtype=torch.float64))
    assert weigh(gram).tolist() == pytest.approx([1.0, 2 / 3, 1 / 3])
    assert weigh(gram, scale_mode="median").tolist() == pytest.approx([1.5, 1.0, 0.5])
    root = (49 / 3) ** 0.5
    assert weigh(gram, scale_mode="rmse").tolist() == pytest.approx([root / 2, root / 3, root / 6])


def test_a_preference_weighs_the_aligned_gradients():
    gram = torch.diag(torch.tensor([4.0, 9.0], dtype=torch.float64))
    balancer = AlignedMTL(["a", "b"], preference={"b": 3.0})
    assert balancer.weights(gram).tolist() == pytest.approx([1.0, 2.0])


def test_the_aligned_gradients_are_orthogonal_and_of_one_length():
    """Column by column of the transformation, by preferences that pick one task each."""
    gram = JACOBIANS["scales 8"].gram
    picks = torch.eye(8, dtype=torch.float64)
    weights = torch.stack([AlignedMTL(8, preference=row.tolist()).weights(gram) for row in picks])
    products = weights @ gram @ weights.T
    assert (products / products[0, 0] - picks).abs().max() <= 1e-9


def test_a_wrong_mode_is_refused():
    with pytest.raises(ValueError, match=r"should be 'min', 'median' or 'rmse'\. Found 'max'"):
        AlignedMTL(2, scale_mode="max")
