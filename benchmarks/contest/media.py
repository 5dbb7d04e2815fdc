"""Pictures and recordings as plain numbers: 12x12 pixels in colour; log-mel energies, their mean and spread."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from PIL import Image

__all__ = ["SIZES", "media_features"]

SIDE = 12
MELS, WINDOW, HOP = 40, 400, 160
SIZES = {"image": SIDE * SIDE * 3, "audio": 2 * MELS + 1}


def media_features(cells: pd.Series, kind: str, zips: Sequence[Path]) -> np.ndarray:
    """Return a row of numbers per cell: [rows, numbers]; NaN where there is no file or it cannot be read."""
    read: Callable[[bytes], np.ndarray] = {"image": pixels, "audio": energies}[kind]
    features = np.full((len(cells), SIZES[kind]), np.nan, dtype=np.float32)
    archives = [zipfile.ZipFile(path) for path in zips]
    names = {name: archive for archive in archives for name in archive.namelist()}
    for row, cell in enumerate(cells):
        if isinstance(cell, str) and cell in names:
            try:
                features[row] = read(names[cell].read(cell))
            except (OSError, RuntimeError, ValueError):
                continue
    for archive in archives:
        archive.close()
    return features


def pixels(data: bytes) -> np.ndarray:
    """Return the colours of a picture, shrunk to 12x12 and between 0 and 1."""
    with Image.open(io.BytesIO(data)) as picture:
        small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.float32).ravel() / 255


def energies(data: bytes) -> np.ndarray:
    """Return mean and standard deviation over time of 40 log-mel energies, and the seconds."""
    sound, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    wave = sound.mean(axis=1)
    wave = np.pad(wave, (0, max(0, WINDOW - len(wave))))
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    mels = np.log(power @ filters(rate).T + 1e-8)
    return np.r_[mels.mean(axis=0), mels.std(axis=0), len(wave) / rate].astype(np.float32)


def filters(rate: int) -> np.ndarray:
    """Return triangles evenly spread over the mel scale: [mels, frequencies]."""
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, MELS + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(WINDOW, 1 / rate)[None]
    low, middle, high = (edges[start : start + MELS, None] for start in range(3))
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling))
