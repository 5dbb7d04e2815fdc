"""Pictures: integers and floats mean the same, and a picture too small for the stages is refused."""

import pytest
import torch

from torso.core.types import Features
from torso.encoders import ImageConvNet

THERE = torch.ones(2, dtype=torch.bool)


def test_bytes_and_unit_floats_are_the_same_picture():
    encoder = ImageConvNet(4).double().eval()
    pictures = torch.randint(256, (2, 16, 16, 3), dtype=torch.uint8)
    one = encoder(Features(pictures, THERE))
    two = encoder(Features(pictures.double() / 255, THERE))
    assert torch.equal(one.values, two.values)


@pytest.mark.parametrize(
    ("size", "stages", "cells"),
    [
        (64, 1, 256),
        (64, 2, 64),
        (64, 3, 16),
        (64, 4, 16),
        (16, 3, 16),
        (8, 3, 16),
        (5, 3, 9),
        (48, 3, 9),
    ],
)
def test_the_side_is_halved_while_it_is_above_four(size, stages, cells):
    encoder = ImageConvNet(4, width=4, stages=stages, tokens=0, size=size)
    tokens = encoder(Features(torch.zeros(2, size, size, 3, dtype=torch.uint8), THERE))
    assert tokens.values.shape == (2, cells, 4)


def test_pictures_need_not_be_square():
    tokens = ImageConvNet(4)(Features(torch.zeros(2, 40, 24, 3, dtype=torch.uint8), THERE))
    assert tokens.values.shape == (2, 1, 4)
