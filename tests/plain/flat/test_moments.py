"""Means and spreads are NumPy's, bit for bit: runs that were fitted before go on answering the same."""

import numpy as np
import pytest

from torso.plain.flat._moments import mean, mean_and_spread


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((13, 64), (0,)), ((1, 33, 47), (1, 2)), ((3, 64, 64, 3), (1, 2)), ((9,), (0,))],
)
def test_moments_are_those_of_numpy_to_the_last_bit(shape, axes):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    middle, spread = mean_and_spread(values, axes)
    np.testing.assert_array_equal(middle, values.mean(axes), strict=True)
    np.testing.assert_array_equal(spread, values.std(axes), strict=True)
    for given in (values, values[..., ::2], values > 0):
        np.testing.assert_array_equal(mean(given, axes), given.mean(axes), strict=True)
