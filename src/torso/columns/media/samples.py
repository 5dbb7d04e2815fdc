"""The samples of a recording, read in blocks: a small file may claim days of sound, or 32 channels of silence."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from torso.columns.media.files import MediaError

if TYPE_CHECKING:
    from soundfile import SoundFile

__all__ = ["MAX_RATE", "facts_of_sound", "read_samples", "read_sound"]

MAX_RATE, MAX_CHANNELS, MAX_LEVEL = 768_000, 32, 1e9
_BLOCK = 1 << 23  # values of all channels; between blocks libsndfile seeks, which MP3 can hear
_SLACK = 64  # samples that rounding may add


def read_samples(data: bytes, rate: int, seconds: float) -> np.ndarray:
    """Return the first `seconds` of a recording in mono at `rate` Hz, float32 `[samples]`.

    Raises:
        MediaError: unreadable, without samples, or with samples that are no finite numbers.
    """
    return read_sound(data, rate, seconds)[0]


def facts_of_sound(file: SoundFile) -> np.ndarray:
    """Return seconds, samples per second and channels of an open file, float32 `[1, 3]`."""
    seconds = file.frames / file.samplerate
    return np.array([[seconds, file.samplerate, file.channels]], np.float32)


def read_sound(data: bytes, rate: int, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of `read_samples`, and the facts about the whole file.

    Raises:
        MediaError: as for `read_samples`.
    """
    import soundfile

    most = round(seconds * rate)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            claimed = min(most, math.ceil(file.frames / max(1, file.samplerate) * rate) + _SLACK)
            samples, filled = np.empty(claimed, np.float32), 0  # memory is taken as it is filled
            for block in _at_rate(file, rate, seconds):
                part = block[: claimed - filled]
                samples[filled : filled + len(part)] = part
                filled += len(part)
            read, facts = file.tell(), facts_of_sound(file)
    except (soundfile.SoundFileError, RuntimeError, ValueError, MemoryError) as error:
        reason = str(error).split(": ", 1)[-1].rstrip(".") or type(error).__name__
        raise MediaError(f"unreadable audio ({reason})") from error
    if not read:
        raise MediaError("zero-length audio")
    return samples[:filled], facts


def _at_rate(file: SoundFile, rate: int, seconds: float) -> Iterator[np.ndarray]:
    """Yield a file's first `seconds` in mono at `rate` Hz, block by block."""
    own = file.samplerate
    if not 0 < own <= MAX_RATE or file.channels > MAX_CHANNELS:
        raise MediaError(f"{file.channels} channels at {own} Hz: more than any recording has")
    blocks = _mono(file, math.ceil(seconds * own))
    if own == rate:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(own, rate, 1, dtype="float32", quality="MQ")
    latest = next(blocks, None)
    while latest is not None:
        following = next(blocks, None)
        yield stream.resample_chunk(latest, last=following is None)
        latest = following


def _mono(file: SoundFile, most: int) -> Iterator[np.ndarray]:
    """Yield the mean of the channels of at most `most` samples, float32 `[samples]`."""
    left, size = min(file.frames, most), max(1, _BLOCK // file.channels)
    while left > 0:
        samples = file.read(min(left, size), dtype="float32", always_2d=True)
        if not len(samples):
            return
        left -= len(samples)
        mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
        if not float(np.abs(mono).max()) <= MAX_LEVEL:  # NaN if any sample is
            raise MediaError("samples that are NaN, infinite or beyond any level")
        yield mono
