"""Videos in the flat view: colours and edges over time, motion, and length and size of the file."""

from __future__ import annotations

import numpy as np

from torso.plain.flat._statistics import Statistics
from torso.plain.flat.picture_statistics import NAMES, picture_statistics

__all__ = ["VideoFlattener"]


class VideoFlattener(Statistics, form="video"):
    """Mean and spread of the frames' statistics, and how much changes from frame to frame."""

    def describe(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the statistics of each video's frames."""
        return np.stack(
            [_statistics(video[known]) for video, known in zip(values, mask, strict=True)]
        )

    def titles(self, count: int) -> list[str]:
        """Return the names of the statistics."""
        del count
        told = [f"{name} {each}" for each in ("on average", "over time") for name in NAMES]
        return [*told, "frames read", "motion", "motion spread"]


def _statistics(frames: np.ndarray) -> np.ndarray:
    """Return the statistics of one video's frames `[frames, height, width, 3]`."""
    each = picture_statistics(frames)
    motion = np.abs(np.diff(frames.astype(np.float32), axis=0)).mean(axis=(1, 2, 3)) / 255
    motion = motion if len(motion) else np.zeros(1)
    end = [len(frames), motion.mean(), motion.std()]
    return np.concatenate([each.mean(axis=0), each.std(axis=0), end]).astype(np.float32)
