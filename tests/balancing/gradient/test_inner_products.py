import torch

from tests.balancing.jacobians import normal
from torso.balancing.gradient._inner_products import inner_products


def test_equals_the_matrix_product_over_many_blocks():
    one, two = normal(3, 100_001, 0), normal(4, 100_001, 1)
    torch.testing.assert_close(inner_products(one, two), one @ two.T)


def test_float32_squares_neither_vanish_nor_overflow():
    rows = torch.tensor([[1e-30, 0.0], [0.0, 1e30]])
    actual = inner_products(rows, rows).diagonal().sqrt()
    torch.testing.assert_close(actual, torch.tensor([1e-30, 1e30]).double(), rtol=1e-7, atol=0)


def test_parallel_rows_are_seen_to_be():
    row = normal(1, 100_000, 0).float()
    actual = inner_products(torch.cat([row, 0.5 * row]), row)
    assert abs(actual[1] / actual[0] - 0.5) < 1e-14
