"""Wang, Tran, Feiszli (CVPR 2020): weights from what held-out and training losses did."""

import pytest
import torch

from torso.balancing import GradientBlending

TASKS = ["all", "from ear", "from eye", "other"]
UNIMODAL = {"from ear": "all", "from eye": "all"}


def epoch(balancer, training, held_out, steps=2):
    """Train with constant losses, then look at held-out ones."""
    losses = torch.tensor(training, dtype=torch.float64)
    for _ in range(steps):
        weight = torch.ones((), dtype=torch.float64, requires_grad=True)
        known = losses.isfinite()
        balancer.backward(losses.nan_to_num() * weight, [weight], known)
    balancer.held_out(lambda: torch.tensor(held_out, dtype=torch.float64))
    balancer.end_epoch()
    return weight.grad.item()


def build(**settings):
    return GradientBlending(TASKS, unimodal=UNIMODAL, **{"every": 1, **settings}).double()


def test_one_number_by_hand():
    """Falls of 0.2, 0.2, 0.1 and gaps grown by 0.4, 0.2, 0.1: G/O² = 1.25, 5, 10, made to sum to three."""
    balancer = build()
    epoch(balancer, [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0])
    assert balancer.weights.tolist() == [1.0, 1.0, 1.0, 1.0]
    epoch(balancer, [0.4, 0.6, 0.8, 0.1], [0.8, 0.8, 0.9, 0.9])
    sizes = torch.tensor([1.25, 5.0, 10.0], dtype=torch.float64)
    torch.testing.assert_close(balancer.weights[:3], 3 * sizes / sizes.sum())
    assert balancer.weights[3] == 1.0  # without a partner
    assert epoch(balancer, [1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0]) == pytest.approx(
        float(3 * (sizes @ torch.tensor([1.0, 2.0, 3.0]).double()) / sizes.sum() + 4.0)
    )


def test_what_does_not_generalise_gets_nothing():
    balancer = build()
    epoch(balancer, [1.0] * 4, [1.0] * 4)
    epoch(balancer, [0.5] * 4, [0.9, 1.2, 0.9, 1.0])
    assert balancer.weights.tolist() == pytest.approx([1.5, 0.0, 1.5, 1.0])
    epoch(balancer, [0.4] * 4, [1.0, 1.3, 1.0, 1.0])  # nothing has fallen
    assert balancer.weights.tolist() == pytest.approx([1.5, 0.0, 1.5, 1.0])


def test_a_gap_that_did_not_grow_counts_as_a_small_one():
    balancer = build(least=0.5)
    epoch(balancer, [1.0] * 4, [1.0] * 4)
    epoch(balancer, [0.9, 0.5, 0.7, 1.0], [0.9, 0.9, 0.9, 1.0])  # gaps grown by 0, 0.4, 0.2
    assert balancer.weights[:3].tolist() == pytest.approx([4 / 3, 1 / 3, 4 / 3])


def test_it_looks_every_so_many_epochs_and_measures_then_only():
    balancer, asked = build(every=3), []

    def measure():
        asked.append(int(balancer.epochs))
        return torch.ones(4)

    for _ in range(7):
        balancer.held_out(measure)
    assert asked == [1, 4, 7]
    GradientBlending(["a", "b"]).held_out(lambda: pytest.fail("nothing to blend"))


def test_a_loss_without_labels_keeps_its_weight():
    balancer = build()
    nan = float("nan")
    epoch(balancer, [1.0, nan, 1.0, 1.0], [1.0, nan, 1.0, 1.0])
    epoch(balancer, [0.5, nan, 0.5, 1.0], [0.9, nan, 0.7, 1.0])
    sizes = torch.tensor([0.1 / 0.4**2, 0.3 / 0.2**2]).double()
    assert balancer.weights[1] == 1.0
    torch.testing.assert_close(balancer.weights[[0, 2]], 2 * sizes / sizes.sum())


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"`every` should be at least 1\. Found 0"):
        build(every=0)
    with pytest.raises(ValueError, match=r"`least` should be in \(0, 1\]. Found 0"):
        build(least=0.0)
    with pytest.raises(ValueError, match="Unknown task in `unimodal`: 'al'"):
        GradientBlending(["all", "a"], unimodal={"a": "al"})
