"""What SDMGrad and MoDo share."""

import pytest
import torch
from scipy.optimize import nnls

from tests.balancing.gradient.laws import step
from tests.balancing.jacobians import gram, normal
from torso.balancing._simplex import onto_simplex
from torso.balancing.gradient._double_sampling import DoubleSampling
from torso.core.errors import ConfigError


class Noting(DoubleSampling):
    """Notes the products and gives all weight to the first of the tasks."""

    def advance(self, products, weights, /):
        self.products = products
        return torch.eye(len(weights), dtype=weights.dtype)[0]


def test_the_products_are_those_of_the_last_batch_and_this_one():
    one, two = normal(2, 7, 0), normal(2, 7, 1)
    balancer = Noting(2)
    torch.testing.assert_close(step(balancer, one), one.mean(0))
    torch.testing.assert_close(step(balancer, two), two.mean(0))
    torch.testing.assert_close(balancer.products, one @ two.T)
    torch.testing.assert_close(step(balancer, one), one[0])
    assert balancer.task_weights() == {"task 0": 1.0, "task 1": 0.0}


def test_noise_cancels_in_the_products_of_two_batches():
    """One batch overstates the squared lengths by its noise's, here 400; two batches do not."""
    true, balancer = normal(2, 100, 0), Noting(2)
    products, same = [], []
    for seed in range(1, 402):
        batch = true + 2.0 * normal(2, 100, seed)
        step(balancer, batch)
        same.append(gram(batch))
        if seed > 1:
            products.append(balancer.products)
    error = torch.stack(products).mean(0) - gram(true)
    bias = torch.stack(same).mean(0) - gram(true)
    assert error.abs().max() < 20
    assert bias.diagonal().min() > 350


def test_an_absent_task_keeps_its_weight_and_its_last_gradient():
    batches = [normal(3, 7, seed) for seed in range(4)]
    present = torch.tensor([False, True, True])
    balancer = Noting(["a", "b", "c"])
    step(balancer, batches[0])
    actual = step(balancer, batches[1], present)
    torch.testing.assert_close(actual, batches[1][1:].mean(0))
    torch.testing.assert_close(balancer.products, batches[0][1:] @ batches[1][1:].T)
    weights = torch.tensor(list(balancer.task_weights().values()))
    torch.testing.assert_close(weights, torch.tensor([1 / 3, 2 / 3, 0.0]))
    step(balancer, batches[2])
    expected = torch.stack([batches[0][0], *batches[1][1:]]) @ batches[2].T
    torch.testing.assert_close(balancer.products, expected)


def test_tasks_that_lost_all_weight_start_anew_where_they_are_alone():
    balancer = Noting(3)
    batches = [normal(3, 7, seed) for seed in range(4)]
    for batch in batches[:2]:
        step(balancer, batch)
    assert list(balancer.task_weights().values()) == [1.0, 0.0, 0.0]
    actual = step(balancer, batches[2], torch.tensor([False, True, True]))
    torch.testing.assert_close(actual, batches[2][1:].mean(0))
    assert list(balancer.task_weights().values()) == pytest.approx([1.0, 2 / 3, 0.0])


def test_another_number_of_parameters_is_an_error():
    balancer = Noting(2)
    step(balancer, normal(2, 7, 0))
    with pytest.raises(ConfigError, match=r"hold 6 numbers, in the steps before 7\. Build a new"):
        step(balancer, normal(2, 6, 0))


@pytest.mark.parametrize("count", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("size", [1e-6, 0.3, 1.0, 1e6])
def test_projection_is_the_nearest_point(count, size):
    for seed in range(20):
        point = size * normal(1, count, seed)[0]
        actual = onto_simplex(point)
        assert actual.min() >= 0
        assert actual.sum().item() == pytest.approx(1.0, abs=1e-9 * max(1.0, size))
        # optimal: no direction within the simplex leads nearer to the point
        pull = point - actual
        best = (pull.max() - pull)[actual > 0].max()
        assert best <= 1e-9 * max(1.0, size)


def test_projection_against_least_squares():
    point = torch.tensor([0.9, 0.6, -0.2], dtype=torch.float64)
    heavy = 1e6
    matrix = torch.cat([torch.eye(3), heavy * torch.ones(1, 3)]).double()
    target = torch.cat([point, torch.tensor([heavy])])
    expected, _ = nnls(matrix.numpy(), target.numpy())
    torch.testing.assert_close(onto_simplex(point), torch.from_numpy(expected), atol=1e-6, rtol=0)
    torch.testing.assert_close(onto_simplex(point), torch.tensor([0.65, 0.35, 0.0]).double())
