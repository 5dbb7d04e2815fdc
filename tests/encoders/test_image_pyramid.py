"""The map that comes out: as fine as asked, each cell at its place, and told of the whole picture."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.encoders import Encoder, ImagePyramid


def pyramid(**settings):
    torch.manual_seed(0)
    return ImagePyramid(4, width=4, **settings).double().eval()


def pictures(height, width):
    torch.manual_seed(1)
    values = torch.randint(256, (1, height, width, 3), dtype=torch.uint8)
    return Features(values, torch.ones(1, dtype=torch.bool))


@pytest.mark.parametrize(
    ("stride", "size", "cells"),
    [(2, 64, 32), (4, 64, 16), (8, 64, 8), (16, 64, 4), (4, 30, 8), (4, 16, 4)],
)
def test_cells_are_as_far_apart_as_asked(stride, size, cells):
    tokens = pyramid(stride=stride, size=size)(pictures(size, size))
    assert tokens.values.shape == (1, cells**2, 4)


def test_a_cell_stands_where_its_pixels_are():
    """Cells go row by row; one pixel changes the cell above it most."""
    encoder = pyramid(size=32)
    seen = pictures(32, 32)
    changed = seen.values.clone()
    changed[0, 8:12, 20:24] = 255 - changed[0, 8:12, 20:24]  # row 2, column 5 of 8 x 8
    gap = encoder(Features(changed, seen.mask)).values - encoder(seen).values
    moved = gap[0].norm(dim=1).view(8, 8)
    near = moved[1:4, 4:7]
    assert near.mean() > 3 * moved.mean()


def test_a_fine_cell_hears_of_more_than_its_own_map_sees():
    encoder = pyramid(size=32, stride=2)
    seen = (pictures(32, 32).values.double() / 255).requires_grad_()
    encoder(Features(seen, torch.ones(1, dtype=torch.bool))).values[0, 0, 0].backward()
    reached = seen.grad[0].abs().amax(dim=2) > 0
    assert reached[:6, :6].any()  # what stem and smoothing see of the corner
    assert reached[12:, 12:].any()


def test_a_stride_that_no_stage_has():
    with pytest.raises(ConfigError, match=r"one of \[2, 4, 8, 16\].*Found 32"):
        Encoder.build({"type": "image/pyramid", "stride": 32}, dim=4)
