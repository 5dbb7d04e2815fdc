"""A recording becomes a log-mel picture, once: time by pitch, in numpy alone.

1. decode (WAV, FLAC, Ogg Vorbis/Opus, MP3, AIFF: what libsndfile reads), cut, mix to mono, resample;
2. windows of `window` seconds every `hop` seconds, periodic Hann, zero-padded to a power of two; the last
   window is filled up with silence, so a clip shorter than one window still gives one frame;
3. power spectrum, divided by the window's energy, so that white noise of variance v gives v in every bin;
4. triangles on the mel scale of Slaney's Auditory Toolbox (linear below 1 kHz, logarithmic above), each with
   unit sum, so that a band holds the mean power of its bins;
5. `(ln(power + 1e-8) + 10) / 4`. The constants are the rough mean and spread of speech recorded at usual
   levels (measured on spoken words in 14 languages); digital silence comes out at -2.1.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from torso.columns.media.decoder import Described
from torso.columns.media.files import MediaError
from torso.columns.media.samples import MAX_RATE, facts_of_sound, read_samples, read_sound
from torso.core.errors import ConfigError

__all__ = [
    "AudioSettings",
    "audio_facts",
    "decode_audio",
    "decode_samples",
    "describe_audio",
    "describe_samples",
    "is_audio",
    "log_mel",
    "mel_filters",
]

FLOOR, MEAN, SPREAD = 1e-8, -10.0, 4.0
MOST_SAMPLES = 100_000_000  # of a recording, 400 MB: 100 minutes at 16 kHz
_TOGETHER = 4096  # frames whose spectra are held at once


@dataclass(frozen=True)
class AudioSettings:
    """Settings of log-mel frames.

    Attributes:
        rate: samples per second that every recording is brought to; half of it is the highest pitch seen, in Hz.
        mels: number of bands.
        window: length of a frame in seconds.
        hop: distance of the frames in seconds.
        seconds: longer recordings are cut here.
    """

    rate: int = 16_000
    mels: int = 64
    window: float = 0.025
    hop: float = 0.02
    seconds: float = 12.0

    def __post_init__(self) -> None:
        if not 1000 <= self.rate <= MAX_RATE:
            raise ConfigError(f"`rate` should be from 1000 to {MAX_RATE} Hz. Found {self.rate!r}.")
        if not 1 <= self.mels <= 512:
            raise ConfigError(f"`mels` should be from 1 to 512. Found {self.mels!r}.")
        if not 2 / self.rate <= self.window <= 1:
            raise ConfigError(
                f"`window` should be seconds, at most 1 and two samples long. Found {self.window!r}."
            )
        if not 1 / self.rate <= self.hop <= self.window:
            raise ConfigError(f"`hop` should be seconds, at most `window`. Found {self.hop!r}.")
        if not self.window <= self.seconds <= 3600:
            raise ConfigError(f"`seconds` should be from `window` to 3600. Found {self.seconds!r}.")
        if self.seconds * self.rate > MOST_SAMPLES:
            raise ConfigError(
                f"`seconds` times `rate` should be at most {MOST_SAMPLES:,}. Found {self.seconds:g} times {self.rate}. "
                "Lower one of them."
            )

    @property
    def max_frames(self) -> int:
        """Number of frames of a recording that is cut."""
        return _num_frames(round(self.seconds * self.rate), self)


def is_audio(data: bytes) -> bool:
    """Return whether the bytes begin like a recording of a known format."""
    if data.startswith((b"fLaC", b"OggS", b"ID3", b".snd")):
        return True
    if data[:4] in (b"RIFF", b"RF64", b"FORM"):
        return data[8:12] in (b"WAVE", b"AIFF", b"AIFC")
    return len(data) > 2 and data[0] == 0xFF and data[1] in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3)


def decode_audio(data: bytes, settings: AudioSettings) -> np.ndarray:
    """Return the recording as log-mel frames, float16 `[frames, mels]`, about mean 0 and spread 1.

    Raises:
        MediaError: unreadable, without samples, or with samples that are no finite numbers.
    """
    return log_mel(read_samples(data, settings.rate, settings.seconds), settings)


def decode_samples(data: bytes, rate: int, seconds: float) -> np.ndarray:
    """Return the recording's first `seconds` in mono at `rate` Hz, int16 `[samples]`; 32767 is full level.

    Raises:
        MediaError: unreadable, without samples, or with samples that are no finite numbers.
    """
    return _in_16_bits(read_samples(data, rate, seconds))


def describe_audio(data: bytes, settings: AudioSettings) -> Described:
    """Return the frames of `decode_audio` and the facts of `audio_facts`, for one opening of the file."""
    return _described(data, settings.rate, settings.seconds, partial(log_mel, settings=settings))


def describe_samples(data: bytes, rate: int, seconds: float) -> Described:
    """Return the samples of `decode_samples` and the facts of `audio_facts`, for one opening of the file."""
    return _described(data, rate, seconds, _in_16_bits)


def audio_facts(data: bytes) -> np.ndarray:
    """Return seconds, samples per second and channels of the whole file, float32 `[1, 3]`.

    Raises:
        MediaError: unreadable.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            return facts_of_sound(file)
    except (soundfile.SoundFileError, RuntimeError, ValueError, ArithmeticError) as error:
        raise MediaError("audio without a readable length") from error


def _described(
    data: bytes, rate: int, seconds: float, layout: Callable[[np.ndarray], np.ndarray]
) -> Described:
    try:
        samples, facts = read_sound(data, rate, seconds)
        return Described(layout(samples), facts)
    except MediaError as error:
        try:
            return Described(error, audio_facts(data))
        except MediaError:
            return Described(error, None)


def _in_16_bits(samples: np.ndarray) -> np.ndarray:
    whole: np.ndarray = np.rint(samples.clip(-1.0, 1.0) * 32767).astype(np.int16)
    return whole


def log_mel(samples: np.ndarray, settings: AudioSettings) -> np.ndarray:
    """Return the log-mel frames of mono `samples` at `settings.rate`, float16 `[frames, mels]`."""
    window, filters = _hann(round(settings.window * settings.rate)), mel_filters(settings)
    length, hop = len(window), round(settings.hop * settings.rate)
    frames = _num_frames(len(samples), settings)
    parts = [
        _bands(
            _views(samples, start, min(_TOGETHER, frames - start), hop, length) * window, filters
        )
        for start in range(0, frames, _TOGETHER)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _views(samples: np.ndarray, first: int, number: int, hop: int, length: int) -> np.ndarray:
    """Return some frames of the samples from the frame `first` on, `[number, length]`; silence follows the end."""
    part = samples[first * hop : (first + number - 1) * hop + length]
    absent = (number - 1) * hop + length - len(part)
    if absent:
        part = np.concatenate([part, np.zeros(absent, np.float32)])
    return np.lib.stride_tricks.as_strided(
        part, (number, length), (part.strides[0] * hop, part.strides[0]), writeable=False
    )


def _bands(windows: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Return the log-mel values of windowed samples `[frames, length]`, float16 `[frames, mels]`."""
    spectrum = np.fft.rfft(windows, n=2 * (len(filters) - 1))  # [frames, bins]
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    bands = power @ filters
    bands += np.float32(FLOOR)
    np.log(bands, out=bands)
    bands -= np.float32(MEAN)
    bands *= np.float32(1 / SPREAD)
    frames_by_mel: np.ndarray = bands.astype(np.float16)
    return frames_by_mel


def _num_frames(samples: int, settings: AudioSettings) -> int:
    window, hop = round(settings.window * settings.rate), round(settings.hop * settings.rate)
    return 1 + max(0, -(-(samples - window) // hop))


@lru_cache(maxsize=16)
def _hann(length: int) -> np.ndarray:
    """Return the periodic Hann window of unit energy, float32 `[length]`."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    scaled: np.ndarray = (window / np.sqrt(np.square(window).sum())).astype(np.float32)
    return scaled


@lru_cache(maxsize=16)
def mel_filters(settings: AudioSettings) -> np.ndarray:
    """Return the triangles, float32 `[bins, mels]`, each of unit sum, from 0 Hz to half the rate."""
    length = round(settings.window * settings.rate)
    fft = 1 << max(1, math.ceil(math.log2(length)))
    frequencies = np.arange(fft // 2 + 1) * (settings.rate / fft)  # Hz
    edges = _hz(np.linspace(0.0, _mel(settings.rate / 2), settings.mels + 2))
    # A band narrower than a bin would see nothing: it is widened to reach its neighbours.
    width = np.maximum(np.diff(edges), settings.rate / fft)
    up = 1 - (edges[1:-1] - frequencies[:, None]) / width[:-1]
    down = 1 - (frequencies[:, None] - edges[1:-1]) / width[1:]
    filters = np.maximum(0.0, np.minimum(up, down))
    shares: np.ndarray = (filters / filters.sum(axis=0)).astype(np.float32)
    return shares


LINEAR, KNEE, LOG_STEP = 200 / 3, 1000.0, math.log(6.4) / 27  # Hz a mel; Hz; log ratio a mel


def _mel(hz: float) -> float:
    return hz / LINEAR if hz < KNEE else KNEE / LINEAR + math.log(hz / KNEE) / LOG_STEP


def _hz(mel: np.ndarray) -> np.ndarray:
    knee = KNEE / LINEAR
    return np.where(mel < knee, mel * LINEAR, KNEE * np.exp(LOG_STEP * (mel - knee)))
