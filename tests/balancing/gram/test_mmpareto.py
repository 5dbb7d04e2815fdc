"""Wei and Hu (ICML 2024), algorithm 1."""

import pytest
import torch
from scipy.optimize import minimize_scalar

from tests.balancing.jacobians import normal
from torso.balancing import MMPareto


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def by_vectors(joint, single, gamma=1.5):
    """One encoder of the paper, on the gradients themselves, the shortest mix by a numerical search."""
    if joint @ single > 0:
        return gamma * (joint + single)
    actual = minimize_scalar(
        lambda a: float((a * joint + (1 - a) * single).square().sum()),
        bounds=(0, 1),
        method="bounded",
        options={"xatol": 1e-12},
    )
    mixed = 2 * actual.x * joint + 2 * (1 - actual.x) * single
    return gamma * mixed * max(1.0, float((joint + single).norm() / mixed.norm()))


@pytest.mark.parametrize("seed", range(20))
def test_a_pair_is_the_paper_s(seed):
    jacobian = normal(2, 3, seed) * tensor((1.0,), (3.0,))
    weights = MMPareto(["all", "sound"], unimodal={"sound": "all"}).weights(jacobian @ jacobian.T)
    torch.testing.assert_close(weights @ jacobian, by_vectors(*jacobian), rtol=1e-6, atol=1e-6)


def test_one_number_by_hand():
    """(1, 0) and (-1, 1): weights 6/5 and 4/5, so (2/5, 4/5), stretched from sqrt(4/5) to one."""
    jacobian = tensor((1.0, 0.0), (-1.0, 1.0))
    balancer = MMPareto(["all", "sound"], unimodal={"sound": "all"}, gamma=1.0)
    weights = balancer.weights(jacobian @ jacobian.T)
    torch.testing.assert_close(weights, tensor(1.2, 0.8) / 0.8**0.5)
    assert float((weights @ jacobian).norm()) == pytest.approx(1.0)
    agreeing = tensor((1.0, 0.0), (1.0, 1.0))
    torch.testing.assert_close(balancer.weights(agreeing @ agreeing.T), tensor(1.0, 1.0))


def test_two_encoders_that_no_loss_divides_are_those_of_the_paper():
    """The joint gradient has a part in each encoder, a unimodal one only in its own; nobody conflicts."""
    sound, sight = normal(2, 4, 0).abs(), normal(2, 5, 1).abs()
    zeros = sound.new_zeros(1, 5), sight.new_zeros(1, 4)
    jacobian = torch.stack(
        [
            torch.cat([sound[0], sight[0]]),
            torch.cat([sound[1], zeros[0][0]]),
            torch.cat([zeros[1][0], sight[1]]),
        ]
    )
    balancer = MMPareto(["all", "sound", "sight"], unimodal={"sound": "all", "sight": "all"})
    expected = torch.cat([by_vectors(*sound), by_vectors(*sight)])
    torch.testing.assert_close(balancer.weights(jacobian @ jacobian.T) @ jacobian, expected)


def test_several_tasks_each_with_its_modalities():
    """Tasks do not mix: every pair has the weights that it has alone, the joint loss their mean."""
    tasks = ["a", "b", "a/sound", "a/sight", "b/sound"]
    unimodal = {"a/sound": "a", "a/sight": "a", "b/sound": "b"}
    jacobian = normal(5, 4, 5)
    weights = MMPareto(tasks, unimodal=unimodal).weights(jacobian @ jacobian.T)
    alone = {}
    for single, joint in unimodal.items():
        pair = jacobian[[tasks.index(joint), tasks.index(single)]]
        alone[single] = MMPareto([joint, single], unimodal={single: joint}).weights(pair @ pair.T)
    assert (jacobian[0] @ jacobian[2:4].T < 0).any()
    expected = [
        (alone["a/sound"][0] + alone["a/sight"][0]) / 2,
        alone["b/sound"][0],
        *(alone[single][1] for single in unimodal),
    ]
    torch.testing.assert_close(weights, torch.stack(expected))


def test_a_loss_without_a_partner_keeps_its_weight():
    gram = torch.tensor([[1.0, 0.0, 0.2], [0.0, 0.0, 0.0], [0.2, 0.0, 1.0]]).double()
    balancer = MMPareto(["all", "sound", "other"], unimodal={"sound": "all"})
    assert balancer.weights(gram).tolist() == [1.0, 0.0, 1.0]
    assert MMPareto(3).weights(torch.eye(3)).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_opposed_gradients_are_not_stretched_to_infinity(size):
    jacobian = tensor((1.0, 2.0, 3.0), (-3.0 * size, -6.0 * size, -9.0 * size))
    weights = MMPareto(2, unimodal={"task 1": "task 0"}).weights(jacobian @ jacobian.T)
    assert weights.max() <= 3.0
    assert (weights @ jacobian).norm() <= 1e-9 * jacobian.norm()


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match=r"task in `unimodal`: 'sund'. Did you mean 'sound'"):
        MMPareto(["all", "sound"], unimodal={"sund": "all"})
    with pytest.raises(ValueError, match=r"one part, .* Found both for \['b'\]"):
        MMPareto(["a", "b", "c"], unimodal={"b": "a", "c": "b"})
    with pytest.raises(ValueError, match=r"`gamma` should be a finite number above 0. Found 0"):
        MMPareto(2, gamma=0.0)
