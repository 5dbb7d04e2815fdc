import numpy as np
import pytest
import torch

from tests.balancing.gram.precise import long
from tests.balancing.jacobians import JACOBIANS, find
from tests.balancing.jacobians import gram as gram_of
from torso.balancing import NashMTL


def weigh(gram, **settings):
    return NashMTL(len(gram), gram="exact", **settings).weights(gram)


def gap(gram, weights) -> float:
    """Return the largest `|a_i (G a)_i - 1|`: how far `G a = 1 / a` is off."""
    a = long(weights)
    return float(np.abs(a * (long(gram) @ a) - 1).max())


@pytest.mark.parametrize("case", find("full"))
def test_the_equation_holds_to_rounding(case):
    gram = JACOBIANS[case].gram
    assert gap(gram, weigh(gram, normalize=False)) <= 1e-12
    assert gap(gram / gram.norm(), weigh(gram)) <= 1e-12


@pytest.mark.parametrize("case", [*find("deficient", "aligned"), "rank-deficient 8", "twins 64"])
def test_the_equation_holds_for_gradients_that_depend_on_each_other(case):
    gram = JACOBIANS[case].gram
    assert gap(gram, weigh(gram, normalize=False)) <= 1e-7


def test_two_gradients_by_hand():
    """With equal cosines the answer is `1 / sqrt(1 + cosine)` over the length; |G| is by Frobenius."""
    gram = torch.tensor(
        [[1.0, 1.0], [1.0, 4.0]], dtype=torch.float64
    )  # cosine 1/2, lengths 1 and 2
    by_hand = [1.5**-0.5, 0.5 * 1.5**-0.5]
    assert weigh(gram, normalize=False).tolist() == pytest.approx(by_hand, rel=1e-14)
    scale = (1 + 1 + 1 + 16) ** 0.25
    assert weigh(gram).tolist() == pytest.approx([scale * one for one in by_hand], rel=1e-14)


def test_the_papers_step_has_the_length_of_the_root_of_tasks():
    gram = JACOBIANS["well-conditioned 8"].gram
    weights = weigh(gram, normalize=False)
    assert (weights @ gram @ weights).item() == pytest.approx(8.0, rel=1e-12)


def test_the_step_of_the_authors_code_before_its_clipping():
    """Its length is `sqrt(tasks |G|)`, of the same direction as the paper's."""
    gram = JACOBIANS["well-conditioned 8"].gram
    weights, paper = weigh(gram), weigh(gram, normalize=False)
    assert (weights @ gram @ weights).item() == pytest.approx(8.0 * gram.norm().item(), rel=1e-12)
    torch.testing.assert_close(weights / weights.sum(), paper / paper.sum(), rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("size", [1e-8, 1e-4, 1.0, 1e6])
def test_no_scale_is_special(size):
    """The authors' stopping rule is absolute: rivals are 5e-2 off at 1e-4 and 1e6."""
    jacobian = JACOBIANS["well-conditioned 8"].jacobian
    actual = weigh(gram_of(size * jacobian))
    assert actual.tolist() == pytest.approx(weigh(gram_of(jacobian)).tolist(), rel=1e-12)
    paper = weigh(gram_of(size * jacobian), normalize=False) * size
    assert paper.tolist() == pytest.approx(
        weigh(gram_of(jacobian), normalize=False).tolist(), rel=1e-12
    )


@pytest.mark.parametrize("case", find("opposed"))
def test_opposed_gradients_cancel_and_the_weights_stay_finite(case):
    jacobian = JACOBIANS[case].jacobian
    weights = weigh(gram_of(jacobian))
    parts = (weights[:, None] * jacobian).norm(dim=1)
    assert (weights > 0).all()
    assert (weights @ jacobian).norm() <= 1e-3 * parts.sum()
