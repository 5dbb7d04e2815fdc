"""CR-MOGM, Zhou et al. (NeurIPS 2022): the running mean of another method's weights."""

import pytest
import torch

from tests.balancing.gram.steps import step, used
from tests.balancing.jacobians import JACOBIANS, normal
from torso.balancing import EMA, MGDA, PCD, Balancer, GramBalancer, MoCo, UPGrad
from torso.core.errors import ConfigError

INNER = [
    name
    for name, one in Balancer.registry.items()
    if issubclass(one, GramBalancer) and name != "gradnorm"  # it needs losses, and says so
]


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_one_number_by_hand():
    """MGDA gives (1/2, 1/2), then (1/5, 4/5): with beta 0.9 the mean is (0.47, 0.53)."""
    balancer = EMA(2, method="mgda", beta=0.9, gram="exact")
    step(balancer, torch.diag(tensor(1.0, 1.0)))
    torch.testing.assert_close(used(balancer), tensor(0.5, 0.5))
    step(balancer, torch.diag(tensor(2.0, 1.0)))
    torch.testing.assert_close(used(balancer), tensor(0.47, 0.53))


@pytest.mark.parametrize("method", INNER)
def test_the_mean_follows_the_method_and_its_state(method):
    """A method beside it takes the same steps, so that state inside the wrapped one moves as outside."""
    beside = Balancer.registry.build(method, tasks=3, gram="exact")
    balancer = EMA(3, method=method, beta=0.7, gram="exact")
    expected = None
    for number in range(5):
        jacobian = normal(3, 8, number) + normal(1, 8, 50)
        jacobian = jacobian / jacobian.norm(dim=1).max()  # longest one, where a mean is the mean
        step(beside, jacobian)
        new = used(beside)
        expected = new if expected is None else 0.7 * expected + 0.3 * new
        step(balancer, jacobian)
        torch.testing.assert_close(used(balancer), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("method", INNER)
def test_the_scale_behaves_as_the_method_claims_with_a_past_too(method):
    balancer = EMA(3, method=method, gram="exact")
    step(balancer, normal(3, 8, 0))
    gram = JACOBIANS["well-conditioned 3"].gram
    if method != "pcd":  # whose own past knows the scale
        expected = balancer.weights(gram) * 1e6**balancer.degree
        torch.testing.assert_close(balancer.weights(1e6 * gram), expected, rtol=1e-6, atol=0)


def test_without_a_past_it_is_the_method():
    gram = JACOBIANS["well-conditioned 8"].gram
    torch.testing.assert_close(EMA(8, method="upgrad").weights(gram), UPGrad(8).weights(gram))
    balancer = EMA(8, method="upgrad", beta=0.0, gram="exact")
    for number in range(3):
        step(balancer, normal(8, 20, number))
    torch.testing.assert_close(balancer.weights(gram), UPGrad(8).weights(gram))


def test_a_config_names_the_method_with_its_settings():
    spec = {"type": "ema", "method": {"type": "pcd", "primary": "b", "tau": 0.3}, "beta": 0.5}
    balancer = Balancer.registry.build(spec, tasks=["a", "b"])
    assert isinstance(balancer, EMA)
    assert isinstance(balancer.method, PCD)
    assert (balancer.method.tau, balancer.beta) == (0.3, 0.5)
    assert Balancer.registry.complete({"type": "ema", "beta": 0.5}, given=["tasks"]).as_dict() == {
        "type": "ema",
        "method": "mgda",
        "beta": 0.5,
        "gram": "sketch",
    }


def test_an_object_is_taken_as_it_is():
    inner = MoCo(["a", "b"], gamma=0.3)
    assert EMA(["a", "b"], method=inner).method is inner
    nested = EMA(["a", "b"], method=EMA(["a", "b"], method="mgda"))
    assert nested.weights(torch.eye(2)).tolist() == [0.5, 0.5]


def test_means_of_absent_tasks_stay():
    balancer = EMA(3, method="mgda", gram="exact")
    step(balancer, normal(3, 8, 0))
    before = balancer.average.clone()
    step(balancer, normal(3, 8, 1), torch.tensor([True, False, True]))
    assert balancer.average[1] == before[1]
    assert used(balancer)[1] == 0.0
    assert (balancer.average != before).tolist() == [True, False, True]


def test_a_task_seen_late_starts_from_its_first_weight():
    balancer = EMA(2, method="mgda", gram="exact")
    step(balancer, torch.diag(tensor(1.0, 1.0)), torch.tensor([True, False]))
    step(balancer, torch.diag(tensor(1.0, 1.0)))
    torch.testing.assert_close(used(balancer), tensor(0.9 * 1.0 + 0.1 * 0.5, 0.5))


def test_the_state_holds_the_method_s_and_resumes():
    balancer = EMA(3, method="moco", gram="exact")
    for number in range(3):
        step(balancer, normal(3, 8, number))
    resumed = EMA(3, method="moco", gram="exact")
    resumed.load_state_dict(balancer.state_dict())
    for one in (balancer, resumed):
        step(one, normal(3, 8, 9))
    assert torch.equal(used(resumed), used(balancer))


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match=r"`beta` should be from 0 to below 1. Found 1"):
        EMA(2, beta=1.0)
    with pytest.raises(ValueError, match=r"`method` should be a Gram method.*Found 'equal'"):
        EMA(2, method="equal")
    with pytest.raises(ValueError, match=r"for the tasks \['a', 'b'\]. Found \['a', 'c'\]"):
        EMA(["a", "b"], method=MGDA(["a", "c"]))
    with pytest.raises(ConfigError, match=r"Unknown balancing 'mgdaa'. Did you mean 'mgda'"):
        EMA(2, method="mgdaa")
