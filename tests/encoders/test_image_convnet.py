"""Pictures: integers and floats mean the same, and a picture too small for the stages is refused."""

import pytest
import torch

from torso.encoders import Encoder, ImageConvNet
from torso.errors import ConfigError
from torso.types import Features

THERE = torch.ones(2, dtype=torch.bool)


def test_bytes_and_unit_floats_are_the_same_picture():
    encoder = ImageConvNet(4).double().eval()
    pictures = torch.randint(256, (2, 16, 16, 3), dtype=torch.uint8)
    one = encoder(Features(pictures, THERE))
    two = encoder(Features(pictures.double() / 255, THERE))
    assert torch.equal(one.values, two.values)


@pytest.mark.parametrize(("stages", "cells"), [(1, 64), (2, 16), (3, 4)])
def test_each_stage_but_the_first_halves_the_side(stages, cells):
    tokens = ImageConvNet(4, width=4, stages=stages, tokens=0)(
        Features(torch.zeros(2, 16, 16, 3, dtype=torch.uint8), THERE)
    )
    assert tokens.values.shape == (2, cells, 4)


def test_a_picture_too_small_is_refused_with_the_cure():
    with pytest.raises(ConfigError, match=r"pictures of 16 pixels allow 3\. Found 4"):
        Encoder.registry.build({"type": "image/convnet", "stages": 4}, dim=4, size=16)
    Encoder.registry.build({"type": "image/convnet", "stages": 3}, dim=4, size=16)


def test_pictures_need_not_be_square():
    tokens = ImageConvNet(4)(Features(torch.zeros(2, 40, 24, 3, dtype=torch.uint8), THERE))
    assert tokens.values.shape == (2, 1, 4)
