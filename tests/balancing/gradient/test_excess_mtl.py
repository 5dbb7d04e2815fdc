import math

import pytest
import torch

from tests.balancing.gradient.laws import assert_near, step, walk
from tests.balancing.jacobians import normal, spread
from torso.balancing import ExcessMTL


@pytest.mark.parametrize("count", [2, 3, 8, 64])
@pytest.mark.parametrize("warmup", [1, 3])
def test_equals_torchjd(count, warmup):
    aggregation = pytest.importorskip("torchjd.aggregation")
    oracle = aggregation.ExcessMTL(robust_step_size=0.3, n_warmup_steps=warmup)
    balancer = ExcessMTL(count, step_size=0.3, warmup=warmup)
    for index, batch in enumerate(walk(count, 5 * count + 10, 8)):
        actual = step(balancer, batch)
        assert_near(actual, oracle(batch), 1e-6)
        assert (index < warmup) == (len(set(balancer.task_weights().values())) == 1)


def test_worked_by_hand():
    # E at the start: 1, 3. Then g = (2, 1): 4 / sqrt(1 + 4) and 1 / sqrt(9 + 1) / 3
    balancer = ExcessMTL(2, step_size=1.0)
    step(balancer, torch.tensor([[1.0, 0.0], [0.0, 3.0]]))
    second = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    factors = math.exp(4 / 5**0.5), math.exp(1 / 10**0.5 / 3)
    expected = [2.0 * factors[0] / sum(factors), factors[1] / sum(factors)]
    assert step(balancer, second).tolist() == pytest.approx(expected)
    weights = balancer.task_weights()
    assert list(weights.values()) == pytest.approx([one / sum(factors) for one in factors])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_scale_of_each_task_is_of_no_matter(dtype):
    """Also where squares of float32 numbers vanish, which the authors' 1e-7 outweighs long before."""
    plain, scaled = ExcessMTL(4, step_size=0.5), ExcessMTL(4, step_size=0.5)
    factors = spread(4, -25, 6).to(dtype)
    for batch in walk(4, 30):
        step(plain, batch)
        step(scaled, batch.to(dtype) * factors)
        expected = pytest.approx(plain.task_weights(), rel=1e-5)
        assert scaled.task_weights() == expected


def test_a_converged_task_loses_weight():
    balancer = ExcessMTL(["falling", "stuck"], step_size=0.1)
    for index in range(50):
        batch = normal(2, 20, index)
        step(balancer, batch * torch.tensor([[0.8**index], [1.0]]))
    weights = balancer.task_weights()
    assert weights["falling"] < 0.35 < 0.65 < weights["stuck"]


def test_warm_up_is_counted_per_task():
    """A task that comes late has its own start, and does not gain or lose by coming late."""
    balancer = ExcessMTL(3, step_size=0.1)
    batches = walk(3, 20, 5)
    for batch in batches[:4]:
        step(balancer, batch, torch.tensor([True, True, False]))
    *others, late = balancer.task_weights().values()
    assert late == pytest.approx(1 / 3)
    assert others[0] != pytest.approx(others[1])
    step(balancer, batches[4])
    assert balancer.steps.tolist() == [5, 5, 1]


@pytest.mark.parametrize("setting", [{"step_size": 0.0}, {"step_size": -1.0}, {"warmup": 0}])
def test_settings_are_checked(setting):
    with pytest.raises(ValueError, match=f"Parameter `{next(iter(setting))}` should .* Found"):
        ExcessMTL(2, **setting)
