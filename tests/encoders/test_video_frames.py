"""Frames in their order, each in its place; one camera per video; a map for every frame where asked for."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.encoders import Encoder, VideoFrames
from torso.encoders._augment import Augment
from torso.encoders.video_frames import _changes


def films(batch=2, frames=4, side=16):
    torch.manual_seed(1)
    values = torch.randint(256, (batch, frames, side, side, 3), dtype=torch.uint8)
    return Features(values, torch.ones(batch, frames, dtype=torch.bool))


def encoder(**settings):
    torch.manual_seed(0)
    return VideoFrames(8, size=16, frames=4, **settings).double().eval()


def test_the_order_of_frames_matters():
    model, seen = encoder(), films()
    back = Features(seen.values.flip(1), seen.mask)
    assert (model(seen).values - model(back).values).abs().max() > 1e-3


def test_where_a_thing_is_matters():
    """One token per frame still says where: a square alone on black, far from the edges."""
    model = encoder(frame={"type": "convnet", "width": 4, "stages": 1}).double()
    tokens = []
    for left in (4, 8):
        film = torch.zeros(1, 4, 16, 16, 3, dtype=torch.uint8)
        film[:, :, 6:10, left : left + 4] = 255
        tokens.append(model(Features(film, torch.ones(1, 4, dtype=torch.bool))).values)
    assert (tokens[0] - tokens[1]).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("frame", "cells"),
    [
        ("convnet", 16),
        ("pyramid", 16),
        ({"type": "pyramid", "stride": 2}, 64),
        ({"type": "vit", "patch": 8}, 4),
    ],
)
def test_without_pooling_every_frame_has_its_map(frame, cells):
    model = encoder(frame=frame, tokens=0)
    tokens = model(films())
    assert tokens.values.shape == (2, 4 * cells, 8)
    short = films()
    short.mask[0, 1:] = False
    tokens = model(Features(short.values[:, :3], short.mask[:, :3]))
    assert tokens.values.shape == (2, 4 * cells, 8)  # always as many frames as there may be
    assert tokens.mask.view(2, 4, cells)[:, :, 0].tolist() == [
        [True, False, False, False],
        [True, True, True, False],
    ]


def test_a_longer_film_keeps_all_of_its_frames():
    model, seen = encoder(tokens=0), films(frames=6)
    tokens = model(seen)
    assert tokens.values.shape == (2, 6 * 16, 8)
    assert tokens.mask.all()
    changed = seen.values.clone()
    changed[:, 5] = 255 - changed[:, 5]
    assert (model(Features(changed, seen.mask)).values - tokens.values).abs().amax() > 1e-3


def test_a_token_of_the_map_is_of_its_frame_and_place():
    model = encoder(frame={"type": "pyramid", "stride": 2}, tokens=0, depth=0, motion=False)
    seen = films(batch=1)
    changed = seen.values.clone()
    changed[0, 2, 4:6, 10:12] = 255 - changed[0, 2, 4:6, 10:12]  # row 2, column 5 of 8 x 8
    gap = model(Features(changed, seen.mask)).values - model(seen).values
    moved = gap[0].norm(dim=1).view(4, 8, 8)
    assert (moved[[0, 1, 3]] == 0).all()
    assert moved[2, 1:4, 4:7].mean() > 2 * moved[2].mean()


def test_changes_are_since_the_frame_before_in_the_same_film():
    x = torch.tensor([1.0, 4.0, 6.0, 10.0, 9.0]).view(5, 1, 1, 1)
    film = torch.tensor([0, 0, 0, 1, 1])
    assert _changes(x, film).flatten().tolist() == [0.0, 3.0, 2.0, 0.0, -1.0]


def test_a_frame_is_shown_beside_its_change():
    """Without attention over time a frame knows of the one before it, by `motion` alone, and of no other."""
    seen = films(batch=1)
    changed = seen.values.clone()
    changed[0, 1] = 255 - changed[0, 1]
    for motion, expected in (
        (True, [False, True, True, False]),
        (False, [False, True, False, False]),
    ):
        model = encoder(tokens=0, depth=0, motion=motion)
        gap = model(Features(changed, seen.mask)).values - model(seen).values
        assert (gap[0].view(4, -1).abs().amax(dim=1) > 1e-9).tolist() == expected


def test_places_see_the_same_place_at_other_times():
    model = encoder(frame={"type": "pyramid", "stride": 2}, tokens=0)
    seen = films(batch=1)
    changed = seen.values.clone()
    changed[0, 2] = 255 - changed[0, 2]
    gap = model(Features(changed, seen.mask)).values - model(seen).values
    assert (gap[0].norm(dim=1).view(4, 64)[0] > 1e-6).all()


@pytest.mark.parametrize(
    "augment",
    [
        Augment(1.0),
        Augment(0.0, {"crop": 0.5, "flip": True}),
        Augment(0.0, {"colour": 1.0}),
        Augment(0.0, {"cutout": 0.5}),
    ],
)
def test_all_frames_of_a_film_are_changed_alike(augment):
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 8, 8) * 2 - 1
    film = torch.tensor([0, 0, 0, 1, 1])
    out = augment.train()(picture.expand(5, -1, -1, -1), film)
    torch.testing.assert_close(out[:3], out[:1].expand(3, -1, -1, -1))
    torch.testing.assert_close(out[3], out[4])
    assert (out[0] - out[3]).abs().max() > 1e-3


def test_training_moves_the_frames_and_evaluation_does_not():
    model, seen = encoder(jitter=1.0, dropout=0.0), films()
    assert torch.equal(model(seen).values, model(seen).values)
    model.train()
    assert not torch.equal(model(seen).values, model(seen).values)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("convnett", "convnett'.*Did you mean 'image/convnet'"),
        ({"type": "convnet", "jitter": 0.3}, "`jitter` is about the whole video"),
        ({"type": "convnet", "tokens": 3}, "`tokens` is about the whole video"),
        (
            {"type": "hub", "name": "any"},
            "`frame` should be an encoder that is trained from scratch",
        ),
        ({"type": "convnet", "wide": 3}, "Unknown setting of encoder 'image/convnet': 'wide'"),
    ],
)
def test_a_wrong_encoder_of_frames(frame, message):
    with pytest.raises(ConfigError, match=message):
        Encoder.build({"type": "video/frames", "frame": frame}, dim=8)
