"""Backbones give what the library, or the package that carries the weights, gives; preprocessing is our own."""

import pytest
import torch

from tests.encoders.hub import tiny
from torso.core.hub import find_model
from torso.encoders.hub._transformers import forms, num_frames, picture_size, sample_rate
from torso.encoders.hub.audio_backbones import log_mel
from torso.encoders.hub.loading import load_backbone
from torso.encoders.hub.mel import mel_filters

transformers = pytest.importorskip("transformers", reason="the extra `hub` is not installed")


PICTURES = torch.randint(256, (3, 16, 16, 3), dtype=torch.uint8)
ALL = torch.ones(3, dtype=torch.bool)


def backbone(kind: str, form: str):
    return load_backbone(find_model(tiny.model(kind)), form)


def library(kind: str):
    return transformers.AutoModel.from_pretrained(tiny.model(kind)).eval()


def same(tokens, expected):
    assert tokens.values.shape == expected.shape
    torch.testing.assert_close(tokens.values, expected, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["vit", "clip"])
def test_pictures(kind):
    model = library(kind)
    mean, std = (torch.tensor(tiny.PICTURES[key]) for key in ("image_mean", "image_std"))
    pixels = ((PICTURES / 255 - mean) / std).permute(0, 3, 1, 2)
    expected = getattr(model, "vision_model", model)(pixel_values=pixels).last_hidden_state
    found = backbone(kind, "image")
    same(found(PICTURES, ALL), expected)
    same(found(PICTURES / 255, ALL), expected)


@torch.no_grad()
def test_pictures_of_another_size():
    tokens = backbone("vit", "image")(torch.zeros(1, 32, 24, 3), ALL[:1])
    assert tokens.values.shape == (1, 1 + 4 * 3, 8)


@torch.no_grad()
@pytest.mark.parametrize(("kind", "frames"), [("videomae", 2), ("timesformer", 3), ("vivit", 4)])
def test_videos(kind, frames):
    mean, std = (torch.tensor(tiny.PICTURES[key]) for key in ("image_mean", "image_std"))
    films = torch.randint(256, (2, frames, 16, 16, 3), dtype=torch.uint8)
    pixels = ((films / 255 - mean) / std).permute(0, 1, 4, 2, 3)
    expected = library(kind)(pixel_values=pixels).last_hidden_state
    found = backbone(kind, "video")
    same(found(films, torch.ones(2, frames, dtype=torch.bool)), expected)
    twice = films.repeat_interleave(2, dim=1)  # every other frame is left out
    same(found(twice, torch.ones(2, 2 * frames, dtype=torch.bool)), expected)
    assert num_frames(find_model(tiny.model(kind))) == frames


@torch.no_grad()
def test_a_short_video_is_shown_slower():
    reader = backbone("vivit", "video")
    films = torch.randint(256, (3, 4, 16, 16, 3), dtype=torch.uint8)
    mask = torch.arange(4) < torch.tensor([[1], [2], [3]])
    slow = torch.stack(
        [films[row, place] for row, place in enumerate(([0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 1, 2]))]
    )
    expected = reader(slow, torch.ones(3, 4, dtype=torch.bool))
    same(reader(films, mask), expected.values)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["bert", "clip"])
def test_texts(kind):
    ids = torch.tensor([[2, 4, 5, 3], [2, 6, 3, 0]])
    mask = torch.tensor([[True] * 4, [True, True, True, False]])
    model = library(kind)
    model = getattr(model, "text_model", model)
    expected = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    same(backbone(kind, "text")(ids, mask), expected)


def test_a_text_that_the_network_cannot_read():
    reader = backbone("bert", "text")
    with pytest.raises(ValueError, match=r"at most 40 tokens for this model. Found 41"):
        reader.check(torch.zeros(1, 41, dtype=torch.int64), torch.ones(1, 41) > 0)
    with pytest.raises(ValueError, match=r"below 11, the model's vocabulary. Found 11"):
        reader.check(torch.tensor([[11]]), torch.ones(1, 1) > 0)


@torch.no_grad()
def test_samples():
    samples = torch.randn(2, 200)
    ready = transformers.Wav2Vec2FeatureExtractor(sampling_rate=4000, do_normalize=True)(
        [one.numpy() for one in samples], sampling_rate=4000, return_tensors="pt"
    )
    expected = library("wav2vec2")(ready.input_values).last_hidden_state
    same(
        backbone("wav2vec2", "audio")(samples, torch.ones(2, 200, dtype=torch.bool)),
        expected,
    )


@torch.no_grad()
def test_a_recording_shorter_than_one_frame_is_filled_up():
    short = torch.randn(1, 3), torch.ones(1, 3, dtype=torch.bool)
    tokens = backbone("wav2vec2", "audio")(*short)
    assert tokens.values.shape == (1, 1, 8)
    assert tokens.values.isfinite().all()


def test_whispers_spectrogram():
    samples = 0.1 * torch.randn(1, 480_000)
    samples[:, 20_000:] = 0.0
    extractor = transformers.WhisperFeatureExtractor()
    ready = extractor(samples[0].numpy(), sampling_rate=16_000, return_tensors="pt")
    torch.testing.assert_close(
        log_mel(samples, 16_000, 80), ready.input_features, rtol=0, atol=1e-4
    )


@torch.no_grad()
def test_whisper_reads_its_window_and_gives_the_recordings_part():
    listener = backbone("whisper", "audio")
    samples = 0.1 * torch.randn(2, 8000)
    mask = torch.arange(8000) < torch.tensor([[1000], [8000]])
    tokens = listener(samples, mask)
    assert tokens.mask.sum(1).tolist() == [4, 20]  # 20 ms each, cut at 0.4 s
    whole = torch.nn.functional.pad(samples[:1, :1000], (0, 5400))
    expected = library("whisper").encoder(log_mel(whole, 16_000, 8)).last_hidden_state
    torch.testing.assert_close(tokens.values[0, :4], expected[0, :4], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("rate", "mels"), [(16_000, 80), (16_000, 40), (8000, 20)])
def test_mel_filters(rate, mels):
    from transformers.audio_utils import mel_filter_bank

    expected = mel_filter_bank(
        rate // 80 + 1, mels, 0.0, rate / 2, rate, norm="slaney", mel_scale="slaney"
    )
    torch.testing.assert_close(
        mel_filters(rate, rate // 40, mels), torch.from_numpy(expected), rtol=0, atol=1e-9
    )


def test_what_a_model_asks_of_the_data():
    assert picture_size(find_model(tiny.model("vit"))) == 16
    assert picture_size(find_model(tiny.model("clip"))) == 16
    assert sample_rate(find_model(tiny.model("wav2vec2"))) == 4000
    assert sample_rate(find_model(tiny.model("whisper"))) == 16_000
    reads = {kind: forms(find_model(tiny.model(kind))) for kind in ("bert", "clip", "videomae")}
    assert reads == {"bert": {"text"}, "clip": {"image", "text"}, "videomae": {"video"}}
