import pytest
import torch
from torch import nn

from tests.balancing.jacobians import normal, spread
from torso.balancing import GradNorm
from torso.core.errors import ConfigError


def step(balancer, jacobian, losses, present=None):
    """Take a step with these gradients `[tasks, numbers]` and losses; return the weights it used."""
    shared = nn.Parameter(torch.zeros_like(jacobian[0]))
    values = jacobian @ shared + torch.as_tensor(losses, dtype=jacobian.dtype)
    balancer.backward(values, [shared], present, own=[])
    return torch.tensor(list(balancer.task_weights().values()), dtype=torch.float64)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.5])
def test_one_step_is_the_derivative_of_the_paper_s_loss(alpha):
    """By autograd from equation 2, on the logarithms of the weights; then the sum is brought back to K."""
    jacobian, first = normal(5, 20, 0), torch.rand(5, dtype=torch.float64) + 0.5
    balancer = GradNorm(5, alpha=alpha, lr=0.1, gram="exact")
    weights = torch.ones(5, dtype=torch.float64)
    for index in range(4):
        losses = first * torch.linspace(1, 0.2 + 0.1 * index, 5, dtype=torch.float64) ** index
        used = step(balancer, jacobian, losses)
        torch.testing.assert_close(used, weights, rtol=1e-12, atol=0)
        logarithms = weights.log().requires_grad_()
        weighted = logarithms.exp() * jacobian.norm(dim=1)
        ratios = losses / first
        target = (weighted.mean() * (ratios / ratios.mean()) ** alpha).detach()
        (weighted - target).abs().sum().backward()
        moved = (logarithms - 0.1 * logarithms.grad / weighted.mean()).detach().exp()
        weights = 5 * moved / moved.sum()


def test_worked_by_hand():
    # lengths 1 and 3, mean 2; rates 1: steps on log w of +.1 * 1/2 and -.1 * 3/2
    jacobian = torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    balancer = GradNorm(2, lr=0.1, gram="exact")
    assert step(balancer, jacobian, [1.0, 1.0]).tolist() == [1.0, 1.0]
    actual = step(balancer, jacobian, [1.0, 1.0])
    torch.testing.assert_close(actual, 2 * torch.tensor([0.05, -0.15]).double().softmax(0))


@pytest.mark.parametrize("count", [2, 8, 64])
def test_weighted_gradients_become_equally_long(count):
    """Also where they start a factor 1e6 apart, which needs weights that steps on w would make negative."""
    jacobian = normal(count, 4 * count, 1) * spread(count, -2, 4)
    balancer = GradNorm(count, alpha=0.0, lr=0.05, gram="exact")
    balancer.losses = torch.ones(count)
    gram = jacobian @ jacobian.T / jacobian.norm(dim=1).max() ** 2
    for _ in range(2500):
        balancer.update(gram, torch.arange(count))
    weights = balancer.weights(gram)
    assert weights.min() > 0
    assert weights.sum().item() == pytest.approx(count)
    lengths = weights * jacobian.norm(dim=1)
    assert (lengths / lengths.mean() - 1).abs().max() < 0.1


def test_a_task_that_trains_slowly_gets_a_longer_gradient():
    jacobian = torch.eye(2, dtype=torch.float64)
    balancer = GradNorm(["slow", "fast"], alpha=1.0, lr=0.01, gram="exact")
    step(balancer, jacobian, [1.0, 1.0])
    for _ in range(300):
        actual = step(balancer, jacobian, [0.8, 0.2])
    # rates 1.6 and .4
    assert (actual[0] / actual[1]).item() == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize("c", [1e-12, 1e12])
def test_the_scale_of_the_losses_is_of_no_matter(c):
    jacobian, losses = normal(3, 9, 0), torch.tensor([1.0, 2.0, 3.0])
    method, two = GradNorm(3, gram="exact"), GradNorm(3, gram="exact")
    for _ in range(5):
        expected = step(method, jacobian, losses)
        torch.testing.assert_close(step(two, c * jacobian, c * losses), expected)
        losses = losses * torch.tensor([0.9, 0.8, 0.7])


def test_an_absent_task_keeps_its_weight_and_has_its_own_start():
    jacobian, present = normal(3, 9, 0), torch.tensor([True, False, True])
    balancer = GradNorm(3, lr=0.1, gram="exact")
    for _ in range(3):
        step(balancer, jacobian, [2.0, 3.0, 4.0], present)
    assert balancer.first.tolist() == [2.0, 0.0, 4.0]
    assert balancer.logarithms[1] == 0
    assert balancer.logarithms[0] != 0
    assert balancer.logarithms.exp().sum().item() == pytest.approx(3.0)
    step(balancer, jacobian, [1.0, 3.0, 1.0])
    assert balancer.first.tolist() == [2.0, 3.0, 4.0]


def test_an_absent_task_keeps_its_weight_though_the_sketch_remembers_its_gradient():
    balancer = GradNorm(3, lr=0.1)
    jacobian, present = normal(3, 9, 0), torch.tensor([True, False, True])
    step(balancer, jacobian, [1.0, 1.0, 1.0])
    before = balancer.logarithms.clone()
    for _ in range(balancer.sketch.interval):  # several looks
        step(balancer, jacobian, [0.5, 0.5, 0.9], present)
    assert balancer.newest[1].isnan().all()
    assert balancer.logarithms[1] == before[1]
    assert balancer.logarithms[0] != before[0]
    assert balancer.logarithms.isfinite().all()


def test_the_last_shared_layer_is_the_paper_s_choice():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3))
    heads = nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 2)])
    hidden = body(normal(6, 4, 0).float())
    losses = torch.stack([(head(hidden) - 1).square().mean() for head in heads])
    last = body[2].weight
    lengths = [torch.autograd.grad(method, last, retain_graph=True)[0].norm() for method in losses]
    balancer = GradNorm(2, lr=0.1, gram="representation")
    balancer.backward(losses, list(body.parameters()), representation=[last])
    weighted = torch.stack(lengths).double()
    expected = -0.1 * (weighted - weighted.mean()).sign() * weighted / weighted.mean()
    actual = balancer.logarithms[0] - balancer.logarithms[1]
    torch.testing.assert_close(actual, expected[0] - expected[1], rtol=1e-5, atol=0)
    assert all(method.grad is not None for method in body.parameters())


def test_state_survives_a_save():
    jacobian = normal(3, 9, 0)
    method, two = GradNorm(3, gram="exact"), GradNorm(3, gram="exact")
    step(method, jacobian, [1.0, 2.0, 3.0])
    two.load_state_dict(method.state_dict())
    for losses in ([0.5, 1.5, 1.0], [0.4, 1.2, 0.9]):
        assert torch.equal(step(method, jacobian, losses), step(two, jacobian, losses))


def test_a_negative_loss_is_named():
    balancer = GradNorm(["a", "b"], gram="exact")
    with pytest.raises(
        ConfigError, match=r"should not be negative\. Found \{'b': -1\.0\}\. Build `GradNorm`"
    ):
        step(balancer, normal(2, 9, 0), [1.0, -1.0])
    step(GradNorm(2, alpha=0, gram="exact"), normal(2, 9, 0), [1.0, -1.0])


def test_a_loss_of_zero_has_no_rate():
    balancer = GradNorm(2, gram="exact")
    for losses in ([1.0, 0.0], [0.0, 0.0], [1.0, 2.0]):
        assert step(balancer, normal(2, 9, 0), losses).isfinite().all()
    assert balancer.first.tolist() == [1.0, 2.0]


def test_without_losses_there_is_nothing_to_learn_from():
    with pytest.raises(ConfigError, match="needs the losses, which `backward` notes"):
        GradNorm(2).update(torch.eye(2, dtype=torch.float64), torch.arange(2))


@pytest.mark.parametrize("setting", [{"alpha": -1.0}, {"lr": 0.0}, {"alpha": float("nan")}])
def test_settings_are_checked(setting):
    with pytest.raises(ValueError, match=f"Parameter `{next(iter(setting))}` should .* Found"):
        GradNorm(2, **setting)
