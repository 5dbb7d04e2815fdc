"""Text, audio and sequences: order matters, lengths shrink as they should, dropout keeps a word."""

import pytest
import torch

from torso.core.types import Features
from torso.encoders import AudioConformer, AudioConvNet, SequenceTransformer, TextTransformer


def steps(values, mask=None):
    if mask is None:
        mask = torch.ones(values.shape[:2], dtype=torch.bool)
    return Features(values, mask)


@pytest.mark.parametrize(
    ("encoder", "values"),
    [
        (TextTransformer(8, 5), torch.tensor([[1, 2, 3]])),
        (AudioConvNet(8, 4), torch.randn(1, 3, 4)),
        (AudioConformer(8, 4), torch.randn(1, 9, 4)),
        (SequenceTransformer(8, 4), torch.randn(1, 3, 4)),
    ],
)
def test_the_order_of_steps_matters(encoder, values):
    encoder = encoder.eval()
    gap = encoder(steps(values)).values - encoder(steps(values.flip(1))).values
    assert gap.abs().max() > 1e-3


@pytest.mark.parametrize("frames", range(1, 18))
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_audio_tokens_cover_the_frames_at_an_eighth_of_the_rate(frames, kernel):
    tokens = AudioConvNet(4, 2, width=4, kernel=kernel, tokens=0)(steps(torch.randn(1, frames, 2)))
    assert tokens.values.shape == (1, -(-frames // 8), 4)
    assert tokens.mask.all()


@pytest.mark.parametrize("frames", range(1, 10))
def test_a_conformer_has_a_token_for_every_four_frames(frames):
    tokens = AudioConformer(4, 2, tokens=0)(steps(torch.randn(1, frames, 2)))
    assert tokens.values.shape == (1, -(-frames // 4), 4)
    assert tokens.mask.all()


@pytest.mark.parametrize("encoder", [AudioConvNet, AudioConformer])
def test_audio_with_an_even_kernel_is_refused(encoder):
    with pytest.raises(ValueError, match=r"`kernel` should be odd\. Found 4"):
        encoder(4, 2, kernel=4)


def test_a_conformer_hears_every_frame():
    torch.manual_seed(0)
    encoder = AudioConformer(8, 2, kernel=3).double().eval()
    sound = torch.randn(1, 80, 2, dtype=torch.float64)
    other = sound.clone()
    other[0, 40] += 3.0
    assert (encoder(steps(sound)).values - encoder(steps(other)).values).abs().max() > 1e-4


def test_word_dropout_never_empties_a_text():
    torch.manual_seed(0)
    encoder = TextTransformer(8, 5, tokens=0, word_dropout=0.95, dropout=0.0).train()
    ids, mask = torch.randint(5, (200, 4)), torch.arange(4) < torch.randint(1, 5, (200, 1))
    kept = encoder(steps(ids, mask)).mask
    assert kept.any(dim=1).all()
    assert not (kept & ~mask).any()
    assert kept.sum() < mask.sum()
    assert torch.equal(encoder.eval()(steps(ids, mask)).mask, mask)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match=r"`heads` should divide the width 8\. Found 3"):
        TextTransformer(8, 5, heads=3)
