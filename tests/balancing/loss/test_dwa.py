"""Liu, Johns, Davison (CVPR 2019), equation 7."""

import math

import pytest
import torch

from tests.balancing.laws import assert_close
from torso.balancing import DWA


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def epoch(balancer, *batches, present=None):
    for batch in batches:
        balancer.backward(tensor(*batch), [], present)
    balancer.end_epoch()


def weights(balancer, present=None):
    leaves = tensor(*[1.0] * len(balancer.tasks))
    balancer(
        leaves, torch.ones(len(leaves), dtype=torch.bool) if present is None else present
    ).backward()
    return leaves.grad.tolist()


def test_one_number_by_hand():
    """Means 4, 4 and then 2, 4: ratios 1/2 and 1, so at T = 1/2 the weights are 2 (e, e^2) / (e + e^2)."""
    balancer = DWA(2, temperature=0.5).double()
    epoch(balancer, (3.0, 2.0), (5.0, 6.0))
    assert weights(balancer) == [1.0, 1.0]
    epoch(balancer, (1.0, 4.0), (3.0, 4.0))
    e = math.e
    assert weights(balancer) == pytest.approx([2 / (1 + e), 2 * e / (1 + e)])


@pytest.mark.parametrize("temperature", [0.7, 2.0])
def test_five_epochs_equal_torchjd(temperature):
    theirs = pytest.importorskip("torchjd.scalarization").DWA(temperature=temperature)
    ours, draw = DWA(5, temperature=temperature).double(), torch.Generator().manual_seed(0)
    sizes = torch.tensor([0.01, 1.0, 2.0, 50.0, 1e4], dtype=torch.float64)
    for _ in range(5):
        for _ in range(3):
            losses = sizes * (0.1 + torch.rand(5, generator=draw, dtype=torch.float64))
            one, two = losses.clone().requires_grad_(), losses.clone().requires_grad_()
            ours.backward(one, [])
            theirs(two).backward()
            assert_close([one.grad], [two.grad], rtol=1e-12)
        ours.end_epoch()
        theirs.step()
    assert one.grad.std() > 0.01


def test_a_task_without_labels_for_an_epoch_keeps_its_ratio():
    balancer, some = DWA(3).double(), torch.tensor([True, False, True])
    epoch(balancer, (4.0, 4.0, 4.0))
    epoch(balancer, (4.0, 1.0, 2.0))
    before = weights(balancer)
    epoch(balancer, (4.0, 9.0, 1.0), present=some)  # the same ratios for those who are there
    assert weights(balancer) == pytest.approx(before)


def test_a_late_task_counts_as_one_that_stands_still():
    balancer, first = DWA(2).double(), torch.tensor([True, False])
    epoch(balancer, (4.0, 9.0), present=first)
    epoch(balancer, (2.0, 9.0), present=first)
    a, b = math.exp(0.5 / 2), math.exp(1.0 / 2)
    assert weights(balancer) == pytest.approx([2 * a / (a + b), 2 * b / (a + b)])


def test_the_weights_count_the_tasks_that_are_there():
    balancer = DWA(3).double()
    epoch(balancer, (4.0, 4.0, 4.0))
    epoch(balancer, (4.0, 1.0, 2.0))
    actual = weights(balancer, torch.tensor([True, False, True]))
    assert sum(actual) == pytest.approx(2.0)
    assert actual[1] == 0.0


def test_an_epoch_without_steps_changes_nothing():
    balancer = DWA(2).double()
    epoch(balancer, (4.0, 4.0))
    epoch(balancer, (4.0, 1.0))
    before = weights(balancer)
    balancer.end_epoch()
    assert weights(balancer) == before


def test_a_mean_of_zero_counts_as_standing_still():
    balancer = DWA(2).double()
    epoch(balancer, (0.0, 4.0))
    epoch(balancer, (3.0, 4.0))
    assert weights(balancer) == [1.0, 1.0]


def test_wrong_temperatures_are_refused():
    with pytest.raises(ValueError, match=r"`temperature` should be above 0\. Found 0"):
        DWA(2, temperature=0)


def test_epochs_of_different_length_are_averaged():
    """Means 4 after one batch and 2 after three: the ratio is 1/2, whatever the sums are."""
    balancer = DWA(2).double()
    epoch(balancer, (4.0, 4.0))
    epoch(balancer, (1.0, 4.0), (2.0, 4.0), (3.0, 4.0))
    a, b = math.exp(0.5 / 2), math.exp(1.0 / 2)
    assert weights(balancer) == pytest.approx([2 * a / (a + b), 2 * b / (a + b)])


def test_the_shift_moves_both_means():
    """The bound -2 of the first task makes its ratio (-1 + 2) / (4 + 2); the other stands still."""
    balancer = DWA(2, shift=True).double()
    epoch(balancer, (4.0, 4.0))
    epoch(balancer, (-1.0, 4.0))
    a, b = math.exp(1 / 6 / 2), math.exp(1.0 / 2)
    assert weights(balancer) == pytest.approx([2 * a / (a + b), 2 * b / (a + b)])
