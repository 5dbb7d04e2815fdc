"""Peng et al. (CVPR 2022): the factor of each encoder, and the noise."""

import math

import pytest
import torch
from torch import nn

from torso.balancing import OGMGE

TASKS = ["all", "from ear", "from eye", "from nose"]
OF = {f"from {name}": name for name in ("ear", "eye", "nose")}


class Net:
    """An encoder per modality, a matrix and a vector each; losses that are asked for."""

    def __init__(self):
        torch.manual_seed(0)
        self.encoders = {
            name: [
                nn.Parameter(torch.randn(30, 40).double()),
                nn.Parameter(torch.randn(7).double()),
            ]
            for name in ("ear", "eye", "nose")
        }
        self.head = nn.Parameter(torch.randn(3).double())

    def losses(self, *values):
        """Return losses of these values, with gradients that are no plain numbers."""
        parts = [sum(p.sin().sum() for p in many) for many in self.encoders.values()]
        graphs = [sum(parts) * self.head.sum(), *parts]
        return torch.stack([g - g.detach() + v for g, v in zip(graphs, values, strict=True)])

    def all(self):
        return [p for many in self.encoders.values() for p in many]


def after(net, balancer, *values, present=None):
    for one in [*net.all(), net.head]:
        one.grad = None
    balancer.backward(net.losses(*values), net.all(), present)
    return {name: [p.grad.clone() for p in many] for name, many in net.encoders.items()}


def plain(net):
    grads = torch.autograd.grad(net.losses(0.0, 0.0, 0.0, 0.0).sum(), net.all())
    return {"ear": grads[:2], "eye": grads[2:4], "nose": grads[4:]}


def build(net, **settings):
    balancer = OGMGE(TASKS, modality_of=OF, **settings)
    balancer.watch(net.encoders)
    return balancer


def test_factors_by_hand():
    """Probabilities of the truth 0.8, 0.4, 0.2: only the first is above the mean of the others, by 8/3."""
    net = Net()
    balancer = build(net, alpha=0.5, noise=False)
    losses = [-math.log(p) for p in (0.8, 0.4, 0.2)]
    actual, expected = after(net, balancer, 1.0, *losses), plain(net)
    factor = 1 - math.tanh(0.5 * 0.8 / 0.3)
    assert balancer.modulation() == pytest.approx({"ear": factor, "eye": 1.0, "nose": 1.0})
    for name in ("ear", "eye", "nose"):
        for one, two in zip(actual[name], expected[name], strict=True):
            torch.testing.assert_close(
                one, two * balancer.factors.tolist()[list(net.encoders).index(name)]
            )
    assert net.head.grad.any()


def test_noise_has_the_spread_of_the_gradient_and_spares_vectors():
    net = Net()
    actual, expected = after(net, build(net), 1.0, 1.0, 1.0, 1.0), plain(net)
    for name, (matrix, vector) in actual.items():
        noise = matrix - expected[name][0]
        assert float(noise.std() / expected[name][0].std()) == pytest.approx(1.0, abs=0.08)
        assert abs(float(noise.mean() / noise.std())) < 0.1
        torch.testing.assert_close(vector, expected[name][1])


def test_noise_follows_the_seed_and_the_step():
    def drawn(seed, steps):
        net = Net()
        balancer = build(net, seed=seed)
        return [after(net, balancer, 1.0, 1.0, 1.0, 1.0)["ear"][0] for _ in range(steps)]

    first, second = drawn(0, 2)
    again = drawn(0, 1)[0]
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert not torch.equal(first, drawn(1, 1)[0])


def test_a_modality_without_labels_is_left_alone():
    net = Net()
    balancer = build(net, noise=False)
    after(net, balancer, 1.0, 5.0, 0.1, 1.0, present=torch.tensor([True, False, True, True]))
    ratio = math.exp(0.9)
    expected = {"ear": 1.0, "eye": 1 - math.tanh(0.3 * ratio), "nose": 1.0}
    assert balancer.modulation() == pytest.approx(expected)
    after(net, balancer, 1.0, 5.0, 0.1, 1.0, present=torch.tensor([True, False, True, False]))
    assert set(balancer.modulation().values()) == {1.0}


def test_gradients_that_were_there_are_kept():
    net = Net()
    balancer = build(net, noise=False, alpha=0.5)
    once = after(net, balancer, 1.0, 0.1, 2.0, 2.0)["ear"][0]
    net.encoders["ear"][0].grad = torch.ones_like(once)
    balancer.backward(net.losses(1.0, 0.1, 2.0, 2.0), net.all())
    torch.testing.assert_close(net.encoders["ear"][0].grad, once + 1)


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"`alpha` should be a finite number above 0\. Found 0"):
        OGMGE(["a"], alpha=0.0)
    with pytest.raises(ValueError, match="Unknown loss in `modality_of`: 'b'"):
        OGMGE(["a"], modality_of={"b": "ear"})
