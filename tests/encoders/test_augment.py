"""Augmentation: on in training only, within its bounds, and blind to what is not there."""

import pytest
import torch

from torso.encoders._augment import Jitter, SpecMask

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
