"""Folded gradients have the inner products of the whole ones: on average, and nearly so each time."""

import pytest
import torch
from torch import Tensor, nn

from torso.balancing.engine.projection import BUCKETS, Projection, projected_gram
from torso.core.errors import ConfigError

TASKS = 5
HERE = torch.tensor([True, True, False, True, True])


class Wide:
    """Five tasks on one body of more numbers than there are buckets; inputs and hidden units are often zero."""

    def __init__(self, width: int = 400, dtype: torch.dtype = torch.float64) -> None:
        torch.manual_seed(0)
        self.body = nn.Sequential(
            nn.Linear(200, width), nn.ReLU(), nn.Linear(width, 300), nn.ReLU()
        ).to(dtype)
        self.heads = nn.ModuleList(nn.Linear(300, 2) for _ in range(TASKS)).to(dtype)
        self.x = torch.randn(32, 200).relu().to(dtype)
        self.shared = list(self.body.parameters())

    def losses(self) -> Tensor:
        features = self.body(self.x)
        return torch.stack([(head(features) - 1).square().mean() for head in self.heads])

    def gram(self) -> Tensor:
        losses = self.losses() * HERE
        rows = [torch.autograd.grad(one, self.shared, retain_graph=True) for one in losses]
        jacobian = torch.stack([torch.cat([part.flatten() for part in row]) for row in rows])
        return jacobian @ jacobian.T


def relative(actual: Tensor, exact: Tensor) -> Tensor:
    """Return the errors in parts of the products of the lengths, of the tasks that are there."""
    lengths = exact.diagonal().sqrt()
    return ((actual - exact) / lengths / lengths[:, None])[HERE][:, HERE]


def test_a_fold_is_signs_and_buckets_by_position():
    """Against index arithmetic, over ends of parts, of the signs and of the buckets."""
    lengths = [7, BUCKETS - 3, 0, 300_000, 2 * BUCKETS]
    parts = [torch.randn(n, dtype=torch.float64) for n in lengths]
    project = Projection(3, torch.device("cpu"), torch.float64)
    whole = torch.cat(parts)
    places = torch.arange(len(whole))
    expected = torch.zeros(BUCKETS, dtype=torch.float64)
    expected.index_add_(0, places % BUCKETS, whole * project.signs[places % len(project.signs)])
    actual = torch.zeros(BUCKETS, dtype=torch.float64)
    project.fold(parts, lengths, actual)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)
    missing = torch.zeros(BUCKETS, dtype=torch.float64)
    project.fold([parts[0], None, *parts[2:]], lengths, missing)
    alone = torch.zeros(BUCKETS, dtype=torch.float64)
    project.fold([None, parts[1], None, None, None], lengths, alone)
    torch.testing.assert_close(missing + alone, expected, rtol=0, atol=1e-10)


def test_no_bias_and_little_spread():
    ground = Wide()
    exact = ground.gram()
    errors = torch.stack(
        [relative(projected_gram(ground.losses(), ground.shared, HERE, seed=s), exact) for s in range(60)]
    )  # fmt: skip
    spread = errors.std(0)
    assert (errors.mean(0).abs() < 4 * spread / 60**0.5).all()
    assert spread.max() < 0.02
    assert errors.abs().max() < 0.06
    assert (spread > 0).all()  # it is a sketch


def test_few_numbers_are_exact():
    ground = Wide(width=40)
    actual = projected_gram(ground.losses(), ground.shared, HERE, seed=1)
    assert relative(actual, ground.gram()).abs().max() < 1e-12
    assert actual[2].abs().max() == 0 and actual[:, 2].abs().max() == 0


@pytest.mark.parametrize("scale", [1e-22, 1e-12, 1e12])
def test_any_scale_in_float32(scale):
    ground = Wide(dtype=torch.float32)
    plain = projected_gram(ground.losses(), ground.shared, HERE, seed=1)
    actual = projected_gram(ground.losses() * scale, ground.shared, HERE, seed=1)
    torch.testing.assert_close(actual / scale**2, plain, rtol=1e-4, atol=0)


def test_the_graph_and_the_gradients_stay_as_they_were():
    ground = Wide(width=40)
    losses = ground.losses()
    projected_gram(losses, ground.shared, HERE, seed=1)
    assert all(one.grad is None for one in ground.shared)
    losses.sum().backward()


def test_nothing_to_look_at_is_an_error():
    ground = Wide(width=40)
    with pytest.raises(ConfigError, match="No loss reaches any shared parameter"):
        projected_gram(ground.losses(), [nn.Parameter(torch.ones(3))], HERE, seed=1)
    for one in ground.shared:
        one.requires_grad_(False)
    losses = ground.losses()
    with pytest.raises(ConfigError, match="no shared parameter that requires a gradient"):
        projected_gram(losses, ground.shared, HERE, seed=1)
