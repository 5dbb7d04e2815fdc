"""Augmentation: on in training only, within its bounds, and blind to what is not there."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.encoders._augment import Augment, Jitter, SpecMask, TimeShift, drop_words

RAMP = torch.linspace(-1, 1, 12, dtype=torch.float64).expand(40, 3, 12, 12)


def sounds(frames=20):
    lengths = torch.randint(1, frames + 1, (60, 1))
    return torch.ones(60, frames, 8, dtype=torch.float64), torch.arange(frames) < lengths


@pytest.mark.parametrize("jitter", [Jitter(0.5).eval(), Jitter(0.0).train()])
def test_jitter_is_off_in_evaluation_and_at_zero(jitter):
    assert jitter(RAMP) is RAMP


def test_jitter_moves_every_picture_its_own_way():
    torch.manual_seed(0)
    moved = Jitter(1.0).train()(RAMP)
    assert moved.shape == RAMP.shape
    assert moved.isfinite().all()
    assert len({float(one.sum()) for one in moved}) == len(RAMP)
    torch.manual_seed(0)
    assert torch.equal(Jitter(1.0).train()(RAMP), moved)


def test_a_little_jitter_is_little_and_a_ramp_is_never_mirrored():
    torch.manual_seed(0)
    assert (Jitter(1e-6).train()(RAMP) - RAMP).abs().max() < 1e-4
    moved = Jitter(1.0).train()(RAMP)
    assert (moved[..., -1].mean(dim=(1, 2)) > moved[..., 0].mean(dim=(1, 2))).all()


def test_jitter_of_one_colour_is_one_colour():
    plain = torch.full((20, 3, 8, 8), 0.3, dtype=torch.float64)
    moved = Jitter(1.0).train()(plain)
    assert (moved - moved[:, :, :1, :1]).abs().max() < 1e-12
    assert ((moved - plain).abs() <= 0.4 + 1e-12).all()


@pytest.mark.parametrize("mask", [SpecMask(0.3).eval(), SpecMask(0.0).train()])
def test_spectrogram_masks_are_off_in_evaluation_and_at_zero(mask):
    x, there = sounds()
    assert mask(x, there) is x


def test_spectrogram_masks_are_one_band_and_one_stretch_of_a_recordings_own_frames():
    torch.manual_seed(0)
    x, there = sounds()
    hidden = SpecMask(0.3).train()(x, there) == 0.0
    frames, bands = hidden.all(dim=2), hidden.all(dim=1)
    assert torch.equal(hidden, frames[:, :, None] | bands[:, None, :])
    assert not (frames & ~there).any()
    assert (frames.sum(dim=1) <= (0.3 * there.sum(dim=1)).ceil()).all()
    assert (bands.sum(dim=1) <= 3).all()
    for flags in (frames, bands):
        starts = (flags[:, 1:] & ~flags[:, :-1]).sum(dim=1) + flags[:, 0]
        assert (starts <= 1).all()
        assert flags.any()


@pytest.mark.parametrize(
    "augment",
    [
        Augment().train(),
        Augment(0.5, {"crop": 0.5, "flip": True, "colour": 1, "cutout": 0.5}).eval(),
    ],
)
def test_augmentation_is_off_in_evaluation_and_unless_asked_for(augment):
    assert augment(RAMP) is RAMP


def test_jitter_alone_is_jitter_bit_for_bit():
    outs = []
    for module in (Jitter(0.5), Augment(0.5, {"flip": 0.0})):
        torch.manual_seed(0)
        outs.append(module.train()(RAMP))
    assert torch.equal(*outs)


def test_a_flip_mirrors_left_and_right_of_some_pictures_only():
    torch.manual_seed(0)
    pictures = torch.rand(200, 3, 6, 8, dtype=torch.float64)
    out = Augment(0.0, {"flip": True}).train()(pictures)
    same = (out - pictures).abs().amax(dim=(1, 2, 3)) < 1e-9
    mirrored = (out - pictures.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-9
    assert (same | mirrored).all()
    assert 70 < mirrored.sum() < 130
    always = Augment(0.0, {"flip": 1.0}).train()(pictures)
    torch.testing.assert_close(always, pictures.flip(3))


def test_a_crop_shows_a_part_and_never_more():
    torch.manual_seed(0)
    out = Augment(0.0, {"crop": 0.5}).train()(RAMP)  # values grow from left to right
    left, right = out[:, 0, 0, 0], out[:, 0, 0, -1]
    assert (left >= -1 - 1e-12).all()
    assert (right <= 1 + 1e-12).all()
    assert (right > left).all()  # never mirrored
    assert (right - left > 0.8).all()  # at least half of the side
    assert (right - left).std() > 0.1
    assert left.std() > 0.05


def test_colours_change_and_stay_in_range():
    torch.manual_seed(0)
    pictures = 2 * torch.rand(50, 3, 6, 6, dtype=torch.float64) - 1
    out = Augment(0.0, {"colour": 1.0}).train()(pictures)
    assert out.abs().max() <= 1.0
    assert len({float(one.mean()) for one in out}) == 50
    grey = pictures[:, :1].expand(-1, 3, -1, -1)
    shades = Augment(0.0, {"colour": 1.0}).train()(grey)
    torch.testing.assert_close(shades[:, 0], shades[:, 2])  # grey has no colour to change


def test_a_cutout_is_one_square_of_its_size_or_less_at_the_edge():
    torch.manual_seed(0)
    pictures = torch.ones(100, 3, 20, 20, dtype=torch.float64)
    hidden = Augment(0.0, {"cutout": 0.5}).train()(pictures)[:, 0] == 0
    down, across = hidden.any(dim=2).sum(dim=1), hidden.any(dim=1).sum(dim=1)
    assert torch.equal(hidden.sum(dim=(1, 2)), down * across)
    for side in (down, across):
        assert side.min() >= 4
        assert 10 <= side.max() <= 11
    assert len(torch.unique(hidden, dim=0)) > 50


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mirror": 1}, "Unknown setting of `augment`.*'mirror'"),
        ({"crop": 1}, "`crop` of `augment` should be from 0 to 1, 1 left out. Found 1"),
        ({"flip": 1.5}, "`flip` of `augment` should be from 0 to 1. Found 1.5"),
    ],
)
def test_wrong_augmentation(wrong, said):
    with pytest.raises(ConfigError, match=said):
        Augment(0.0, wrong)


@pytest.mark.parametrize("shift", [TimeShift(0.3).eval(), TimeShift(0.0).train()])
def test_time_shift_is_off_in_evaluation_and_at_zero(shift):
    x, there = sounds()
    assert shift(x, there) is x


def test_a_shifted_recording_is_itself_somewhere_else():
    torch.manual_seed(0)
    frames = torch.arange(1.0, 21.0).view(1, 20, 1).expand(60, 20, 3)
    lengths = torch.randint(1, 21, (60, 1))
    out = TimeShift(0.4).train()(frames, torch.arange(20) < lengths)
    moves = []
    for row, length in zip(out, lengths[:, 0].tolist(), strict=True):
        assert torch.equal(row[:, 0], row[:, 2])
        assert not row[length:].any()
        shown = row[:length, 0]
        places = shown.nonzero()[:, 0]
        (move,) = set((shown[places] - 1 - places).tolist())
        assert abs(move) <= 0.4 * length + 0.5
        assert len(places) == length - abs(move)
        moves.append(move)
    assert min(moves) < 0 < max(moves)


def test_a_shift_of_more_than_everything():
    with pytest.raises(ValueError, match=r"`share` should be in \[0, 1\). Found 1.5"):
        TimeShift(1.5)


def test_a_text_keeps_a_word():
    torch.manual_seed(0)
    mask = torch.arange(6) < torch.randint(0, 7, (300, 1))
    assert drop_words(mask, 0.0) is mask
    kept = drop_words(mask, 0.6)
    assert not (kept & ~mask).any()
    assert torch.equal(kept.any(dim=1), mask.any(dim=1))
    assert 0.35 < kept.sum() / mask.sum() < 0.6
