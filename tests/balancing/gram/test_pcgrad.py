"""Yu et al. (NeurIPS 2020), algorithm 1."""

from itertools import permutations

import pytest
import torch

from tests.balancing.gram.steps import oracle, step, used
from tests.balancing.jacobians import JACOBIANS, find
from torso.balancing import PCGrad
from torso.balancing.gram.pcgrad import orders, project


def by_vectors(jacobian, order):
    """The algorithm as the paper writes it, on the gradients themselves."""
    total = torch.zeros_like(jacobian[0])
    for gradient, others in zip(jacobian, order.tolist(), strict=True):
        changed = gradient.clone()
        for other in others:
            product = changed @ jacobian[other]
            if product < 0:
                changed -= product / jacobian[other].square().sum() * jacobian[other]
        total += changed
    return total


@pytest.mark.parametrize("name", find(without=("zero rows",)))
def test_coefficients_give_what_the_vectors_give(name):
    jacobian = JACOBIANS[name].jacobian
    order = orders(JACOBIANS[name].gram, seed=1, step=2)
    actual = project(JACOBIANS[name].gram, order) @ jacobian
    size = jacobian.norm(dim=1).sum()
    torch.testing.assert_close(
        actual, by_vectors(jacobian, order), rtol=0, atol=1e-12 * float(size)
    )


@pytest.mark.parametrize("count", [2, 3, 8, 32])
def test_the_same_as_the_rival_along_its_orders(count):
    weighting = oracle("PCGradWeighting")()
    gram = JACOBIANS[f"well-conditioned {count}"].gram
    for seed in range(3):
        torch.manual_seed(seed)
        order = [[j for j in torch.randperm(count).tolist() if j != i] for i in range(count)]
        torch.manual_seed(seed)
        expected = weighting(gram)
        torch.testing.assert_close(project(gram, torch.tensor(order)), expected, rtol=1e-10, atol=0)


def test_one_number_by_hand():
    """(2, 0) loses its half along (-1, 1): (1, 1); (-1, 1) becomes (0, 1)."""
    jacobian = torch.tensor([[2.0, 0.0], [-1.0, 1.0]], dtype=torch.float64)
    balancer = PCGrad(2, gram="exact")
    torch.testing.assert_close(step(balancer, jacobian), torch.tensor([1.0, 2.0]).double())
    torch.testing.assert_close(used(balancer), torch.tensor([1.5, 2.0]).double())


@pytest.mark.parametrize("count", [3, 8])
def test_tasks_in_another_order_get_the_same_weights_draw_by_draw(count):
    jacobian = JACOBIANS[f"scales {count}"].jacobian
    shuffle = torch.randperm(count, generator=torch.Generator().manual_seed(3))
    method, two = PCGrad(count, gram="exact"), PCGrad(count, gram="exact")
    for _ in range(5):
        step(method, jacobian)
        step(two, jacobian[shuffle])
        torch.testing.assert_close(used(two), used(method)[shuffle], rtol=1e-9, atol=0)


def test_gradients_of_one_length_are_drawn_fairly():
    """Over many draws every order comes up as often as any other, whatever the tasks' places."""
    gram = torch.eye(3, dtype=torch.float64)
    seen = dict.fromkeys(permutations((1, 2)), 0)
    for number in range(400):
        drawn = orders(gram, seed=0, step=number)
        assert drawn.sort(dim=1).values.tolist() == [[1, 2], [0, 2], [0, 1]]
        seen[tuple(drawn[0].tolist())] += 1
    assert min(seen.values()) >= 150


def test_draws_follow_the_seed_and_the_step_and_looking_draws_nothing():
    jacobian = JACOBIANS["well-conditioned 8"].jacobian
    gram = JACOBIANS["well-conditioned 8"].gram
    method, other = PCGrad(8, gram="exact"), PCGrad(8, seed=1, gram="exact")
    first = method.weights(gram)
    assert torch.equal(first, method.weights(gram))
    assert not torch.equal(first, other.weights(gram))
    step(method, jacobian)
    second = method.weights(gram)
    assert not torch.equal(first, second)
    resumed = PCGrad(8, gram="exact")
    resumed.load_state_dict(method.state_dict())
    assert torch.equal(resumed.weights(gram), second)


@pytest.mark.parametrize("name", find("aligned"))
def test_without_a_conflict_it_is_the_sum(name):
    weights = PCGrad(len(JACOBIANS[name].jacobian)).weights(JACOBIANS[name].gram)
    torch.testing.assert_close(weights, torch.ones_like(weights), rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", find("zero rows"))
def test_a_task_without_a_gradient_disturbs_nobody(name):
    case = JACOBIANS[name]
    alive = case.jacobian.norm(dim=1) > 0
    weights = PCGrad(len(alive)).weights(case.gram)
    assert not weights[~alive].any()
    if alive.any():
        fewer = case.jacobian[alive]
        torch.testing.assert_close(weights[alive], PCGrad(len(fewer)).weights(fewer @ fewer.T))
