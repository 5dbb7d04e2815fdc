"""Lin et al. (ICML 2024), equation 8, with the warm-up of the authors' multi-task code."""

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from tests.balancing.laws import assert_close
from torso.balancing import STCH


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def everyone(count):
    return torch.ones(count, dtype=torch.bool)


def warm(balancer, *nadir):
    """Two batches an epoch whose mean is the nadir in the last epoch of the warm-up, and far off before."""
    balancer = balancer.double()
    for epoch in range(balancer.warmup):
        size = 1.0 if epoch == balancer.warmup - 1 else 100.0
        for share in (0.5, 1.5):
            balancer.backward(tensor(*(share * size * one for one in nadir)), [])
        balancer.end_epoch()
    return balancer


@pytest.mark.parametrize("mu", [0.05, 1.0, 10.0])
def test_the_formula(mu):
    nadir, losses = np.array([2.0, 0.5, 1e3]), np.array([1.0, 0.6, 10.0])
    balancer = warm(STCH(3, mu=mu, warmup=2), *nadir)
    value = balancer(tensor(*losses), everyone(3))
    expected = 3 * mu * logsumexp(np.log(losses / nadir) / mu)
    assert value.item() == pytest.approx(expected, rel=1e-12)


def test_one_number_by_hand():
    """Progress 1/4 and 1/2 at mu = 1: weights of the logs 2 (1/3, 2/3), divided by the losses 1 and 4."""
    balancer, losses = warm(STCH(2, warmup=1), 4.0, 8.0), tensor(1.0, 4.0)
    balancer.backward(losses, [])
    assert losses.grad.tolist() == pytest.approx([2 / 3, 4 / 3 / 4])
    assert balancer(losses, everyone(2)).item() == pytest.approx(2 * math.log(0.75))


def test_it_equals_torchjd_on_the_logs_of_the_ratios():
    theirs = pytest.importorskip("torchjd.scalarization").STCH(
        mu=0.3, weights=torch.tensor([1.0, 0.25, 3.0], dtype=torch.float64)
    )
    preference = {"task 1": 0.25, "task 2": 3.0}
    ours = warm(STCH(3, mu=0.3, warmup=3, preference=preference), 2.0, 0.5, 1e3)
    one, two = tensor(1.0, 0.6, 700.0), tensor(1.0, 0.6, 700.0)
    ours.backward(one, [])
    (3 * theirs((two / torch.tensor([2.0, 0.5, 1e3])).log())).backward()
    assert_close([one.grad], [two.grad], rtol=1e-12)


def test_a_small_mu_is_the_maximum():
    """All the weight goes to the task that is farthest from a good start."""
    balancer, losses = warm(STCH(3, mu=1e-4, warmup=1), 1.0, 1.0, 1.0), tensor(0.2, 0.9, 0.5)
    balancer.backward(losses, [])
    assert losses.grad.tolist() == pytest.approx([0.0, 3 / 0.9, 0.0])


def test_the_warm_up_minimises_the_sum_of_logs():
    balancer, losses = STCH(2, warmup=2).double(), tensor(2.0, 0.25)
    assert balancer(losses, everyone(2)).item() == pytest.approx(math.log(0.5))
    for epoch in range(2):
        balancer.backward(losses, [])
        assert list(balancer.task_weights().values()) == pytest.approx([0.5, 4.0]), epoch
        balancer.end_epoch()
    balancer.backward(losses, [])  # now every loss is at its nadir
    assert list(balancer.task_weights().values()) == pytest.approx([2 / 2 / 2.0, 2 / 2 / 0.25])
    balancer.backward(tensor(2.0, 0.5), [])  # ... and the second has doubled
    assert list(balancer.task_weights().values()) == pytest.approx([2 / 3 / 2.0, 4 / 3 / 0.5])


def test_a_task_that_comes_after_the_warm_up_keeps_its_log_until_it_has_a_nadir():
    balancer = STCH(3, warmup=1).double()
    two = torch.tensor([True, True, False])
    balancer.backward(tensor(2.0, 4.0, 9.0), [], two)
    balancer.end_epoch()
    losses = tensor(1.0, 3.0, 5.0)
    balancer.backward(losses, [])
    total = 1.0 / 2.0 + 3.0 / 4.0
    assert losses.grad.tolist() == pytest.approx([2 * 0.5 / total, 2 * 0.25 / total, 1 / 5.0])
    balancer.end_epoch()
    assert balancer.nadir.tolist() == [2.0, 4.0, 5.0]


def test_the_nadir_stays():
    balancer = warm(STCH(2, warmup=1), 4.0, 8.0)
    balancer.backward(tensor(1.0, 1.0), [])
    balancer.end_epoch()
    assert balancer.nadir.tolist() == [4.0, 8.0]


def test_the_shift_moves_the_nadir_too():
    """Bounds -3 and 0: the nadirs 1 and 4 lie 4 and 4 above them, the losses -1 and 1 lie 2 and 1 above."""
    balancer = STCH(2, warmup=1, shift=True).double()
    balancer.backward(tensor(4.0, 2.0), [])
    balancer.backward(tensor(-2.0, 6.0), [])
    balancer.end_epoch()
    value = balancer(tensor(-1.0, 1.0), everyone(2)).item()
    assert value == pytest.approx(2 * math.log(2 / 4 + 1 / 4))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mu": 0.0}, r"`mu` should be above 0\. Found 0"),
        ({"warmup": 0}, r"`warmup` should be at least one epoch\. Found 0"),
        ({"preference": {"pears": 1.0}}, r"task in `preference`: 'pears'\. Did you mean 'pear'"),
        (
            {"preference": {"pear": 0.0}},
            r"`preference` should be finite and above 0\. Found {'pear': 0\.0}",
        ),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        STCH(["apple", "pear"], **settings)
