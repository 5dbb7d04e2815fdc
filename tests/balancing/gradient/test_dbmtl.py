import pytest
import torch
from torch import nn

from tests.balancing.gradient.laws import assert_near, step, walk
from tests.balancing.jacobians import normal
from torso.balancing import DBMTL
from torso.core.errors import ConfigError


@pytest.mark.parametrize("count", [1, 2, 8, 64])
@pytest.mark.parametrize(("beta", "sigma"), [(0.9, 0.0), (0.5, 0.5), (0.0, 0.0)])
def test_equals_the_paper_s_recursion(count, beta, sigma):
    balancer = DBMTL(count, beta=beta, sigma=sigma)
    mean = None
    for index, batch in enumerate(walk(count, 30, 6), start=1):
        decay = beta / index**sigma
        mean = batch if mean is None else decay * mean + (1 - decay) * batch
        lengths = mean.norm(dim=1, keepdim=True)
        assert_near(step(balancer, batch), (lengths.max() / lengths * mean).sum(0), 1e-12)


def test_worked_by_hand():
    # (3, 4) is as long as the longest, (0, 1) is brought to length 5
    jacobian = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    assert DBMTL(2)(jacobian).tolist() == [3.0, 9.0]


def test_all_tasks_push_alike_whatever_their_scale():
    rows = normal(3, 20, 0)
    jacobian = rows * torch.tensor([[1e-9], [1.0], [1e9]])
    unit = rows / rows.norm(dim=1, keepdim=True)
    expected = jacobian.norm(dim=1).max() * unit.sum(0)
    assert_near(DBMTL(3)(jacobian), expected, 1e-9)


class Small(nn.Module):
    """A body and two heads with losses above zero."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Linear(4, 3)
        self.heads = nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 1)])
        self.double()

    def losses(self):
        hidden = self.body(normal(6, 4, 0)).tanh()
        return torch.stack([(head(hidden) - 1).square().mean() for head in self.heads])

    def gradients(self, factors, steps=3):
        """Return the gradients of the last of some steps with the losses times `factors`."""
        balancer = DBMTL(2)
        for _ in range(steps):
            self.zero_grad()
            balancer.backward(self.losses() * torch.tensor(factors), list(self.body.parameters()))
            torch.optim.SGD(self.parameters(), lr=0.1).step()
        return [one.grad.clone() for one in self.parameters()]


def test_a_factor_before_a_loss_changes_nothing():
    expected = Small().gradients([1.0, 1.0])
    for actual, one in zip(Small().gradients([1e-6, 1e6]), expected, strict=True):
        assert_near(actual, one)


def test_heads_get_the_gradient_of_the_logarithm():
    net = Small()
    *_, expected = torch.autograd.grad(net.losses()[1].log(), list(net.heads[1].parameters()))
    assert_near(net.gradients([1.0, 1.0], steps=1)[-1], expected)


def test_a_loss_below_zero_is_named_and_nothing_is_touched():
    net = Small()
    with pytest.raises(ConfigError, match=r"positive\. Found \{'b': -0\.5\}\. Use a loss"):
        DBMTL(["a", "b"]).backward(net.losses() * 0 + torch.tensor([1.0, -0.5]), [net.body.weight])
    assert net.body.weight.grad is None


def test_a_loss_of_zero_has_no_gradient():
    shared = nn.Parameter(torch.tensor([2.0, 1.0]))
    balancer = DBMTL(2)
    balancer.backward(torch.stack([shared[0], shared[1] * 0]), [shared], own=[])
    assert shared.grad.tolist() == [0.5, 0.0]
    assert balancer.steps.tolist() == [1, 0]


@pytest.mark.parametrize("setting", [{"beta": 1.0}, {"beta": -0.1}, {"sigma": -1.0}])
def test_settings_are_checked(setting):
    with pytest.raises(ValueError, match=f"Parameter `{next(iter(setting))}` should .* Found"):
        DBMTL(2, **setting)
