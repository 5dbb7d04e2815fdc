"""Recordings in, log-mel frames out: against a second derivation, a pure tone, and every bad file."""

import io
import zipfile

import numpy as np
import pytest
import scipy.signal
import soundfile

from tests.places import DATA
from torso.columns.media.audio import (
    AudioSettings,
    decode_audio,
    decode_samples,
    is_audio,
    log_mel,
    mel_filters,
)
from torso.columns.media.files import MediaError
from torso.core.errors import ConfigError

SETTINGS = AudioSettings()


def encoded(samples: np.ndarray, rate: int = 16_000, format: str = "WAV", **options) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=format, **options)
    return stream.getvalue()


def tone(hertz: float, seconds: float = 0.5, rate: int = 16_000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def centres(settings: AudioSettings) -> np.ndarray:
    """Centre of each band in Hz, from Slaney's definition: 200/3 Hz a step to 1 kHz, then 27 steps to 6.4 kHz."""
    top = 15 + 27 * np.log(settings.rate / 2 / 1000) / np.log(6.4)
    steps = np.linspace(0, top, settings.mels + 2)[1:-1]
    return np.where(steps < 15, steps * 200 / 3, 1000 * 6.4 ** ((steps - 15) / 27))


@pytest.mark.parametrize("hertz", [110, 440, 697, 1000, 1477, 3000, 7000])
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_a_pure_tone_peaks_in_its_band(hertz, rate):
    if hertz >= rate / 2:
        pytest.skip("above half the rate")
    loudness = decode_audio(encoded(tone(hertz, rate=rate), rate), SETTINGS).mean(axis=0)
    nearest = np.abs(centres(SETTINGS) - hertz).argmin()
    assert abs(int(loudness.argmax()) - int(nearest)) <= 1


def test_frames_equal_scipys_spectrogram():
    rng = np.random.default_rng(0)
    samples = rng.normal(scale=0.1, size=400 + 320 * 20).astype(np.float32)
    window = scipy.signal.get_window("hann", 400)
    _, _, power = scipy.signal.stft(
        samples, window=window, nperseg=400, noverlap=80, nfft=512, boundary=None, padded=False
    )
    power = np.abs(power.T) ** 2 * window.sum() ** 2 / np.square(window).sum()
    expected = (np.log(power @ mel_filters(SETTINGS) + 1e-8) + 10) / 4
    np.testing.assert_allclose(log_mel(samples, SETTINGS), expected, atol=2e-3)


def test_filters_are_triangles_of_unit_sum_at_slaneys_places():
    filters = mel_filters(SETTINGS)
    assert filters.shape == (257, 64) and (filters >= 0).all()
    np.testing.assert_allclose(filters.sum(axis=0), 1, rtol=1e-5)
    peaks = filters.argmax(axis=0) * 16_000 / 512
    assert np.abs(peaks - centres(SETTINGS)).max() <= 16_000 / 512
    assert (mel_filters(AudioSettings(rate=8000, mels=128)).sum(axis=0) > 0).all()  # no empty band


def test_white_noise_of_variance_one_is_power_one():
    samples = np.random.default_rng(0).normal(size=160_000).astype(np.float32)
    power = np.exp(log_mel(samples, SETTINGS).astype(np.float64) * 4 - 10)
    np.testing.assert_allclose(power.mean(axis=0), 1, atol=0.15)


def test_louder_by_twenty_decibels_is_ln_hundred_higher():
    quiet, loud = (
        decode_audio(encoded(k * tone(440), subtype="FLOAT"), SETTINGS) for k in (0.01, 0.1)
    )
    band = int(loud.mean(axis=0).argmax())
    assert (loud - quiet)[5:-5, band].mean() == pytest.approx(np.log(100) / 4, abs=0.01)


@pytest.mark.parametrize("samples", [1, 10, 399, 400, 401, 720, 721, 8000])
def test_every_sample_is_seen_by_some_frame(samples):
    frames = decode_audio(encoded(np.full(samples, 0.1)), SETTINGS)
    assert frames.dtype == np.float16 and np.isfinite(frames).all()
    assert len(frames) == 1 + max(0, int(np.ceil((samples - 400) / 320)))


def test_long_recordings_are_cut():
    settings = AudioSettings(seconds=1.0)
    frames = decode_audio(encoded(tone(440, seconds=5)), settings)
    assert len(frames) == settings.max_frames == 50
    np.testing.assert_array_equal(frames, decode_audio(encoded(tone(440, seconds=1)), settings))
    assert len(decode_audio(encoded(tone(440, 5, 44_100), 44_100), settings)) == 50


def test_channels_are_mixed():
    stereo = np.stack([tone(440), np.zeros(8000)], axis=1)
    mono = decode_audio(encoded(0.5 * tone(440), subtype="FLOAT"), SETTINGS)
    np.testing.assert_allclose(
        decode_audio(encoded(stereo, subtype="FLOAT"), SETTINGS), mono, atol=0.01
    )


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("WAV", {}),
        ("FLAC", {}),
        ("OGG", {}),
        ("OGG", {"subtype": "OPUS"}),
        ("AIFF", {}),
        ("MP3", {}),
    ],
)
def test_formats_agree(format, options):
    data = encoded(tone(1000, 1.0), format=format, **options)
    assert is_audio(data)
    frames = decode_audio(data, SETTINGS)
    assert (
        abs(int(frames.mean(axis=0).argmax()) - int(np.abs(centres(SETTINGS) - 1000).argmin())) <= 1
    )


def test_zero_length_audio():
    with pytest.raises(MediaError, match="zero-length audio"):
        decode_audio(encoded(np.zeros(0)), SETTINGS)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_sound(bad):
    samples = tone(440)
    samples[100] = bad
    with pytest.raises(MediaError, match="NaN, infinite or beyond"):
        decode_audio(encoded(samples, subtype="FLOAT"), SETTINGS)


@pytest.mark.parametrize(
    "data",
    [b"", b"RIFF", b"no sound at all", b"OggS" + bytes(60), b"fLaC" + bytes(60), bytes(5000)],
)
def test_unreadable_bytes(data):
    with pytest.raises(MediaError, match=r"unreadable audio|zero-length"):
        decode_audio(data, SETTINGS)


@pytest.mark.parametrize("format", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_truncated_recording_gives_what_is_there_or_a_reason(format):
    data = encoded(np.random.default_rng(0).normal(scale=0.1, size=32_000), format=format)
    for part in (0.001, 0.05, 0.5, 0.9):
        try:
            frames = decode_audio(data[: int(len(data) * part)], SETTINGS)
        except MediaError:
            continue
        assert 0 < len(frames) <= 101 and np.isfinite(frames).all()


def test_a_header_may_not_claim_any_rate():
    data = bytearray(encoded(tone(440)))
    data[24:28] = (2_000_000_000).to_bytes(4, "little")
    with pytest.raises(MediaError, match="more than any recording"):
        decode_audio(bytes(data), SETTINGS)


@pytest.mark.parametrize(
    "settings",
    [
        {"rate": 1},
        {"mels": 0},
        {"window": 0},
        {"hop": 1.0},
        {"hop": 0},
        {"seconds": 0},
        {"seconds": float("nan")},
    ],
)
def test_impossible_settings_name_themselves(settings):
    with pytest.raises(ConfigError, match=f"`{next(iter(settings))}` should be"):
        AudioSettings(**settings)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data folder (TORSO_DATA)")
@pytest.mark.parametrize(
    ("archive", "every"), [("talking_stamps/audio.zip", 150), ("fsdd/recordings.zip", 60)]
)
def test_real_recordings_come_out_at_the_usual_scale(archive, every):
    with zipfile.ZipFile(DATA / archive) as z:
        names = [n for n in z.namelist() if n.endswith((".ogg", ".wav"))][::every]
        frames = np.concatenate([decode_audio(z.read(n), SETTINGS) for n in names]).astype(
            np.float64
        )
    assert abs(frames.mean()) < 1 and 0.5 < frames.std() < 2


def test_samples_are_those_of_the_file_at_the_rate_asked_for():
    wave = tone(440)
    samples = decode_samples(encoded(wave, subtype="FLOAT"), 16_000, 12.0)
    assert samples.dtype == np.int16
    np.testing.assert_allclose(samples / 32767, wave, rtol=0, atol=1 / 32767)
    slower = decode_samples(encoded(wave), 8000, 0.25)
    assert len(slower) == 2000
    expected = tone(440, 0.25, 8000)
    np.testing.assert_allclose(slower[100:-100] / 32767, expected[100:-100], rtol=0, atol=0.01)
    loud = decode_samples(encoded(4 * wave, subtype="FLOAT"), 16_000, 12.0)
    assert (loud.min(), loud.max()) == (-32767, 32767)
    with pytest.raises(MediaError, match="unreadable audio"):
        decode_samples(b"nothing", 16_000, 12.0)
