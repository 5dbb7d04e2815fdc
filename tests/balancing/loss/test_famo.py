"""Liu, Feng, Stone, Liu (NeurIPS 2023), algorithm 2."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from tests.balancing.laws import TASKS, Playground, assert_close
from torso.balancing import FAMO
from torso.core.errors import ConfigError


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def step(balancer, before, after, present=None):
    leaves = tensor(*before)
    balancer.backward(leaves, [], present)
    balancer.after_step(lambda: torch.tensor(after, dtype=torch.float64))
    return leaves.grad


def test_one_number_by_hand():
    """At first z is even: weights (1 / L) / sum(1 / L), which sum to one."""
    balancer = FAMO(2).double()
    assert step(balancer, [1.0, 4.0], [1.0, 4.0]).tolist() == pytest.approx([0.8, 0.2])
    value = balancer(tensor(1.0, 4.0), torch.ones(2, dtype=torch.bool)).item()
    assert value == pytest.approx(1.6 * 0.5 * math.log(4.0))


def test_the_first_move_by_hand():
    """Logs fall by log 2 and 0: the slopes are +-log(2) / 4, and Adam's first step is lr in their sign."""
    balancer = FAMO(2, lr=0.1, gamma=0.0).double()
    step(balancer, [2.0, 5.0], [1.0, 5.0])
    assert balancer.first.tolist() == pytest.approx([0.1 * math.log(2) / 4, -0.1 * math.log(2) / 4])
    assert balancer.logits.tolist() == pytest.approx([-0.1, 0.1], rel=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 1e-3, 0.5])
def test_the_weights_move_as_by_torch_adam(gamma):
    """Twenty steps against autograd's Jacobian of the softmax and torch's own Adam."""
    balancer = FAMO(4, lr=0.05, gamma=gamma).double()
    w = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([w], lr=0.05, weight_decay=gamma)
    random = np.random.default_rng(0)
    for _ in range(20):
        before, after = random.uniform(0.1, 3.0, (2, 4))
        z = w.softmax(0)
        expected = (z / torch.tensor(before)).detach()
        assert_close([step(balancer, before, after)], [expected / expected.sum()])
        change = torch.tensor(np.log(before) - np.log(after))
        w.grad = torch.autograd.grad(z, w, grad_outputs=change)[0]
        adam.step()
        assert_close([balancer.logits], [w.detach()], atol=1e-10)
    assert w.detach().std() > 0.01


def test_thirty_steps_equal_torchjd():
    theirs = pytest.importorskip("torchjd.scalarization").FAMO(
        4, min_losses=torch.tensor([0.0, 0.125, 0.0, -1.0]), lr=0.03, weight_decay=0.01
    )
    theirs = theirs.double()
    least = {"odd": 0.125, "a.b": -1.0}
    ours, one, two = FAMO(TASKS, lr=0.03, gamma=0.01, min_losses=least), Playground(), Playground()
    ours = ours.double()
    optimizer = torch.optim.SGD(two.parameters(), lr=0.01)
    for _ in range(30):
        one.train(ours, 1, lr=0.01)
        optimizer.zero_grad()
        theirs(two.losses()).backward()
        optimizer.step()
        theirs.update(two.losses().detach())
    assert_close(one.parameters(), two.parameters(), atol=1e-7)  # they add 1e-8 to the losses
    assert_close([ours.logits], [theirs._w], atol=1e-6)
    assert ours.logits.std() > 0.05


def test_the_losses_of_the_same_batch_are_asked_for_once_a_step():
    asked = []

    def recompute():
        asked.append(1)
        return torch.tensor([1.0, 1.0])

    balancer = FAMO(2)
    balancer.after_step(recompute)  # no step was taken
    assert not asked
    balancer.backward(torch.tensor([2.0, 3.0], requires_grad=True), [])
    balancer.after_step(recompute)
    balancer.after_step(recompute)
    assert len(asked) == 1


def test_the_task_that_falls_behind_gains_weight():
    balancer = FAMO(3).double()
    for _ in range(50):
        step(balancer, [2.0, 2.0, 2.0], [1.0, 1.9, 1.0])
    slow = balancer.task_weights()["task 1"]
    assert slow > 1.5 * max(balancer.task_weights()["task 0"], balancer.task_weights()["task 2"])


def test_absent_tasks_keep_their_part_of_adam():
    """A task that is there every other step learns as if the other steps had not been."""
    often, seldom = FAMO(3).double(), FAMO(3).double()
    both = torch.tensor([True, True, False])
    for _ in range(4):
        step(often, [2.0, 2.0, 9.0], [1.0, 1.9, 9.0], both)
        step(seldom, [2.0, 2.0, 9.0], [1.0, 1.9, 9.0], both)
        step(seldom, [9.0, 9.0, 2.0], [9.0, 9.0, 1.0], ~both)
    assert seldom.steps.tolist() == [4, 4, 4]
    for name in ("logits", "first", "second", "steps"):
        assert_close([getattr(seldom, name)[:2]], [getattr(often, name)[:2]])


def test_a_known_lower_bound_is_subtracted():
    balancer = FAMO(["kind", "price"], min_losses={"price": -3.0}).double()
    assert step(balancer, [1.0, -1.0], [1.0, -2.0]).tolist() == pytest.approx([2 / 3, 1 / 3])
    assert balancer.first[1] > 0 > balancer.first[0]
    with pytest.raises(ConfigError, match=r"at least \[-3\.0\] for \['price'\]\. Found \[-3\.5\]"):
        step(balancer, [1.0, -3.5], [1.0, 1.0])


@pytest.mark.parametrize("after", [math.nan, math.inf, 0.0, -1.0])
def test_a_step_that_broke_a_loss_does_not_break_the_weights(after):
    """The next batch's check names the loss; w must not be lost by then."""
    balancer, other = FAMO(3).double(), FAMO(3).double()
    step(balancer, [2.0, 2.0, 2.0], [1.0, after, 1.5])
    step(other, [2.0, 2.0, 2.0], [1.0, 1.0, 1.5], torch.tensor([True, False, True]))
    assert_close([balancer.logits], [other.logits])
    assert balancer.logits.any()


def test_a_new_low_after_the_step_shifts_both_sides():
    """Bound -3: 1 and -2 lie 4 and 1 above it, so the log fell by log 4; the other stood still."""
    balancer = FAMO(2, gamma=0.0, shift=True).double()
    step(balancer, [1.0, 5.0], [-2.0, 5.0])
    assert balancer.first.tolist() == pytest.approx([0.1 * math.log(4) / 4, -0.1 * math.log(4) / 4])


def test_all_of_its_adam_is_saved():
    one, two = FAMO(2).double(), FAMO(2).double()
    for _ in range(3):
        step(one, [2.0, 3.0], [1.0, 2.9])
    two.load_state_dict(one.state_dict())
    for balancer in (one, two):
        step(balancer, [2.0, 3.0], [1.9, 1.0])
    assert torch.equal(one.logits, two.logits)
    assert set(one.state_dict()) >= {"logits", "first", "second", "steps"}


def test_losses_of_different_sizes_fall_at_one_rate():
    """A loss a thousand times smaller falls by the same factor; under the plain sum it stands still."""
    sizes = torch.tensor([1e-3, 1.0], dtype=torch.float64)

    def left(balance):
        x = nn.Parameter(torch.tensor([3.0, 3.0], dtype=torch.float64))
        optimizer = torch.optim.SGD([x], lr=0.05)
        for _ in range(30):
            optimizer.zero_grad()
            balance(sizes * x.square())
            optimizer.step()
        return (x.detach() / 3.0).square().tolist()

    small, large = left(lambda losses: losses.sum().backward())
    assert small > 0.99
    assert large < 0.01
    balancer = FAMO(2).double()
    small, large = left(lambda losses: balancer.backward(1000 * losses, []))
    assert small == pytest.approx(large)
    assert small < 0.9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -0.1}, r"`lr` should be finite and not negative\. Found -0\.1"),
        ({"gamma": math.inf}, r"`gamma` should be finite and not negative\. Found inf"),
        ({"min_losses": {"pears": 1.0}}, r"task in `min_losses`: 'pears'\. Did you mean 'pear'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FAMO(["apple", "pear"], **settings)
