"""Xiao, Dong, Zou, Ji (2025): the penalised single-level form of the authors' CelebA code."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from torso.balancing import LDCMTL
from torso.core.errors import ConfigError


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def everyone(count):
    return torch.ones(count, dtype=torch.bool)


def balancer(*logits, **settings):
    method = LDCMTL(len(logits), **settings).double()
    with torch.no_grad():
        method.logits.copy_(tensor(*logits))
    return method


LOGITS, LOSSES = [0.3, -1.0, 2.0, 0.0], [2.0, 0.5, 7.0, 3.0]


@pytest.mark.parametrize("lam", [0.0, 0.05, 0.7])
def test_the_formula(lam):
    s, losses = expit(LOGITS), np.array(LOSSES)
    weighted = s * losses
    expected = weighted.sum() / s.sum() + lam * abs(np.diff(weighted)).sum()
    method = balancer(*LOGITS, lam=lam, normalise="none")
    assert method(tensor(*LOSSES), everyone(4)).item() == pytest.approx(expected, rel=1e-12)


def test_all_pairs_count_as_often_as_a_chain_and_know_no_order():
    s, losses = expit(LOGITS), np.array(LOSSES)
    weighted = s * losses
    pairs = sum(abs(a - b) for i, a in enumerate(weighted) for b in weighted[:i]) * 2 / 4
    expected = weighted.sum() / s.sum() + 0.3 * pairs
    settings = {"lam": 0.3, "normalise": "none", "pairs": "all"}
    method, other = balancer(*LOGITS, **settings), balancer(*LOGITS[::-1], **settings)
    assert method(tensor(*LOSSES), everyone(4)).item() == pytest.approx(expected, rel=1e-12)
    assert other(tensor(*LOSSES[::-1]), everyone(4)).item() == pytest.approx(expected, rel=1e-12)
    chain = {**settings, "pairs": "chain"}
    first, second = balancer(0.0, 0.0, **chain), balancer(0.0, 0.0, **settings)
    assert first(tensor(1.0, 5.0), everyone(2)) == second(tensor(1.0, 5.0), everyone(2))


def test_the_gradients_by_hand():
    """Scales 1/2: weights 1/2 +- lam/2 of the losses; d/dw is s' (L / sum s +- lam L), s' = 1/4."""
    method, losses = balancer(0.0, 0.0, lam=0.1, normalise="none"), tensor(3.0, 1.0)
    method.backward(losses, [])
    assert losses.grad.tolist() == pytest.approx([0.55, 0.45])
    assert method.logits.grad.tolist() == pytest.approx([0.25 * (3.0 + 0.3), 0.25 * (1.0 - 0.1)])


def test_first_losses_are_brought_to_the_least_of_them():
    """As in the authors' NYUv2 code: each is divided by its ratio to the smallest."""
    method = balancer(0.0, 0.0, 0.0, lam=0.0)
    first = tensor(4.0, 0.5, 100.0)
    method.backward(first, [])
    assert method(first, everyone(3)).item() == pytest.approx(0.5)
    assert list(method.task_weights().values()) == pytest.approx(
        [0.5 / 4 / 3, 1 / 3, 0.5 / 100 / 3]
    )
    assert method(tensor(8.0, 0.25, 100.0), everyone(3)).item() == pytest.approx(
        (1 + 0.25 + 0.5) / 3
    )


def test_logarithms_of_the_progress():
    """As in their QM9 code: log(L / L_first)."""
    method = balancer(0.0, 0.0, lam=0.1, normalise="log")
    method.backward(tensor(4.0, 0.5), [])
    value = method(tensor(1.0, 0.25), everyone(2)).item()
    progress = np.log([1 / 4, 1 / 2])
    assert value == pytest.approx(progress.mean() + 0.1 * 0.5 * (progress[1] - progress[0]))


def test_a_late_task_has_its_own_first_loss():
    method, two = balancer(0.0, 0.0, 0.0), torch.tensor([True, True, False])
    method.backward(tensor(4.0, 0.5, 9.0), [], two)
    assert method.initial[2].isnan()
    method.backward(tensor(1.0, 1.0, 3.0), [])
    assert method.initial.tolist() == [4.0, 0.5, 3.0]


def test_learning_brings_the_weighted_losses_together():
    """The upper problem alone: the scales of the larger losses fall until the weighted ones meet."""
    method = balancer(1.0, 1.0, 1.0, lam=5.0, normalise="none")
    optimizer = torch.optim.SGD(method.parameters(), lr=0.01)
    losses = np.array([4.0, 1.0, 2.0])

    def spread():
        weighted = expit(method.logits.detach().numpy()) * losses
        return np.ptp(weighted) / weighted.mean()

    before = spread()
    for _ in range(300):
        optimizer.zero_grad()
        method.backward(tensor(*losses), [])
        optimizer.step()
    assert spread() < 0.2 * before


def test_scales_that_sink_to_nothing_keep_their_ratios():
    """The weighted mean of positive losses lowers every w; after long training all sigmoids underflow."""
    method, losses = (
        balancer(-900.0, -900.0 + np.log(3.0), lam=0.0, normalise="none"),
        tensor(1.0, 2.0),
    )
    method.backward(losses, [])
    assert losses.grad.tolist() == pytest.approx([0.25, 0.75])
    assert method.logits.grad.tolist() == pytest.approx([0.25, 1.5])


def test_negative_losses_need_no_normalising():
    method, losses = balancer(0.0, 0.0, lam=0.1, normalise="none"), tensor(-1.0, 2.0)
    method.backward(losses, [])
    assert losses.grad.tolist() == pytest.approx([0.45, 0.55])
    rescaled = LDCMTL(["kind", "price"]).double()
    with pytest.raises(
        ConfigError, match=r"above zero\. Found \[-1\.0\] for \['price'\].*normalise=.none"
    ):
        rescaled.backward(tensor(1.0, -1.0), [])
    rescaled.backward(tensor(1.0, 2.0), [])
    rescaled.backward(tensor(1.0, -1.0), [])  # only the first loss has to be positive
    logs = LDCMTL(["kind", "price"], normalise="log").double()
    logs.backward(tensor(1.0, 2.0), [])
    with pytest.raises(ConfigError, match=r"`normalise` .log. needs losses above zero"):
        logs.backward(tensor(1.0, -1.0), [])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lam": -0.1}, r"`lam` should be finite and not negative\. Found -0\.1"),
        ({"normalise": "first"}, r"`normalise` should be 'none', 'rescaled' or 'log'\. Found 'fi"),
        ({"pairs": "some"}, r"`pairs` should be 'chain' or 'all'\. Found 'some'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LDCMTL(2, **settings)
