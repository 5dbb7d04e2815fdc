"""Recordings in the flat view: statistics of log-mel bands, cepstra, loudness and length."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from torso.columns.inputs.audio import AudioInput
from torso.columns.media.audio import AudioSettings, log_mel
from torso.plain.flat._flattener import Cells
from torso.plain.flat._moments import mean, mean_and_spread
from torso.plain.flat._statistics import Statistics

__all__ = ["AudioFlattener"]

_CEPSTRA = 16
_QUANTILES = (10, 50, 90)


class AudioFlattener(Statistics, form="audio"):
    """Of each band mean, spread, quantiles and change; cepstra; loudness; and the length of the whole file.

    The features stop at the kind's `seconds`, so the length comes from the file itself where it is known.
    """

    def describe(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the statistics of each recording's frames."""
        frames = [each[known] for each, known in zip(values, mask, strict=True)]
        if values.ndim == 2:  # samples
            settings = AudioSettings(rate=int(self._kind().offered()["rate"]))
            frames = [log_mel(each.astype(np.float32) / 32767, settings) for each in frames]
        return np.stack([_statistics(each.astype(np.float32)) for each in frames])

    def titles(self, count: int) -> list[str]:
        """Return the names of the statistics."""
        names = [
            *_LOUDNESS,
            *(f"cepstrum {at} {each}" for each in _OF_CEPSTRA for at in range(_CEPSTRA)),
        ]
        told = ("mean", "spread", *(f"quantile {each}" for each in _QUANTILES), "change")
        mels = (count - len(names)) // len(told)
        return [*names, *(f"band {at + 1} {each}" for each in told for at in range(mels))]

    def file_facts(self, cells: Cells) -> np.ndarray:
        """Return the facts, and log seconds."""
        return cells.facts

    def _kind(self) -> AudioInput:
        kind = next(iter(self.part.columns.values()))
        assert isinstance(kind, AudioInput)
        return kind


_LOUDNESS = (
    "frames read",
    "loudness mean",
    "loudness spread",
    "loudness greatest",
    "loudness least",
    "loudness change",
    "quiet share",
    "centroid mean",
    "centroid spread",
    "flux",
)
_OF_CEPSTRA = ("mean", "spread", "change")


def _statistics(frames: np.ndarray) -> np.ndarray:
    """Return the statistics of one recording's frames `[frames, mels]`."""
    loud = mean(frames, (1,))
    loudest = loud.max()
    quiet = loud < loudest - 1.0
    voiced = frames[~quiet]
    power = np.exp(4 * np.minimum(frames, 4))  # as log-mel frames were scaled
    centroid = (power @ np.arange(frames.shape[1])) / power.sum(axis=1)
    step = _steps(frames)
    loudness = [
        len(frames),
        *mean_and_spread(loud, (0,)),
        loudest,
        loud.min(),
        mean(np.abs(loud[1:] - loud[:-1]), (0,)) if len(loud) > 1 else 0.0,
        mean(quiet, (0,)),
        *mean_and_spread(centroid[~quiet], (0,)),
        mean(np.maximum(step, 0), (0, 1)),
    ]
    cepstra = voiced @ _cosines(frames.shape[1])
    return np.concatenate(
        [
            loudness,
            *mean_and_spread(cepstra, (0,)),
            mean(np.abs(_steps(cepstra)), (0,)),
            *mean_and_spread(voiced, (0,)),
            *np.percentile(frames, _QUANTILES, axis=0),
            mean(np.abs(step), (0,)),
        ]
    ).astype(np.float32)


def _steps(frames: np.ndarray) -> np.ndarray:
    """Return the differences of neighbouring frames; of a single one, zeros."""
    return frames[1:] - frames[:-1] if len(frames) > 1 else np.zeros_like(frames)


@lru_cache(maxsize=16)
def _cosines(mels: int) -> np.ndarray:
    """Return the first cosines of a discrete cosine transform, `[mels, cepstra]`."""
    angles = np.pi * (np.arange(mels) + 0.5)[:, None] * np.arange(1, _CEPSTRA + 1) / mels
    return np.asarray(np.cos(angles) / mels)
