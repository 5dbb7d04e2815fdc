"""Patches: what makes one, where it stands, and which tokens leave."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.encoders import Encoder, ImageViT


def pictures(height, width=None, rows=2):
    torch.manual_seed(1)
    values = torch.randint(256, (rows, height, width or height, 3), dtype=torch.uint8)
    return Features(values, torch.ones(rows, dtype=torch.bool))


def vit(dim=8, **settings):
    torch.manual_seed(0)
    return ImageViT(dim, depth=1, **settings).double().eval()


@pytest.mark.parametrize(
    ("size", "patch", "cells"),
    [(64, None, 64), (28, None, 49), (64, 16, 16), (5, None, 25), (30, 7, 25)],
)
def test_patches_cover_the_picture(size, patch, cells):
    assert vit(size=size, patch=patch, tokens=0)(pictures(size)).values.shape == (2, cells, 8)


def test_a_patch_is_the_same_linear_map_of_its_pixels_everywhere():
    encoder = vit(size=4, patch=2, tokens=0)
    encoder.blocks = torch.nn.ModuleList()
    encoder.norm = torch.nn.Identity()
    encoder.norm.weight = encoder.embed.weight
    seen = pictures(4, rows=1)
    tokens = encoder(seen).values[0]  # [cells, dim], row by row
    pixels = (seen.values[0].double() / 255 - 0.5) * 2  # [4, 4, 3]
    corner = pixels[2:, :2]  # second row of patches, first column: the third token
    weight = encoder.embed.weight.permute(0, 2, 3, 1)
    expected = (weight * corner).sum(dim=(1, 2, 3)) + encoder.embed.bias
    torch.testing.assert_close(tokens[2], expected + encoder._positions(2, 2, tokens)[2])


def test_fixed_positions_tell_row_and_column():
    places = vit()._positions(3, 4, torch.zeros(1, dtype=torch.float64)).view(3, 4, 8)
    assert torch.equal(places[:, :1, :4].expand(-1, 4, -1), places[..., :4])  # the row
    assert torch.equal(places[:1, :, 4:].expand(3, -1, -1), places[..., 4:])  # the column
    assert len(torch.unique(places.flatten(0, 1), dim=0)) == 12


def test_fixed_positions_read_other_sizes_and_learned_ones_say_why_not():
    wide = pictures(16, 24)
    assert vit(size=16, patch=4, tokens=0)(wide).values.shape == (2, 24, 8)
    with pytest.raises(ValueError, match=r"of 4 x 4 patches\. Found a picture of 4 x 6"):
        vit(size=16, patch=4, positions="learned")(wide)


def test_the_class_token_leaves_alone_or_not_at_all():
    one = vit(size=16, patch=4, class_token=True)(pictures(16))
    assert one.values.shape == (2, 1, 8)
    cells = vit(size=16, patch=4, class_token=True, tokens=0)(pictures(16))
    assert cells.values.shape == (2, 16, 8)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"patch": 99}, "from 1 to 64"), ({"positions": "rotary"}, "'sincos' or 'learned'")],
)
def test_wrong_settings(wrong, said):
    with pytest.raises(ConfigError, match=said):
        Encoder.build({"type": "image/vit", **wrong}, dim=8)
