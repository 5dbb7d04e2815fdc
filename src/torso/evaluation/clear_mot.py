"""Tracking metrics of a clip: mistakes frame by frame, and identities over the whole clip."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from torso.core.assignment import matched
from torso.evaluation.overlaps import HIT
from torso.evaluation.weighted import Floats

__all__ = ["Mistakes", "identified", "mistakes"]


class Mistakes(NamedTuple):
    """Mistakes in a clip, counted in boxes.

    Attributes:
        missed: true boxes that nobody found.
        invented: answered boxes where nothing is.
        switches: true boxes whose thing was followed under another name until then.
    """

    missed: int
    invented: int
    switches: int


def mistakes(overlaps: Floats, true: np.ndarray, answered: np.ndarray) -> Mistakes:
    """Return the mistakes of CLEAR MOT (Bernardin, Stiefelhagen, EURASIP Journal on Image and Video Processing, 2008).

    Frame by frame, a true track stays with the answer that it had last as long as they overlap by 0.5; the others are
    matched so that the sum of the overlaps is largest. It has switched where its new answer is not its last.

    Args:
        overlaps: `[frames, true tracks, answered tracks]`, 0 where one of the two has no box.
        true: bool `[true tracks, frames]`: where they have a box.
        answered: bool `[answered tracks, frames]`.
    """
    last: dict[int, int] = {}
    followed = switches = 0
    for frame in overlaps:
        pairs: dict[int, int] = {}
        for track, answer in last.items():
            if frame[track, answer] >= HIT and answer not in pairs.values():
                pairs[track] = answer
        free = frame.copy()
        free[list(pairs)] = 0.0
        free[:, list(pairs.values())] = 0.0
        for track, answer in zip(*matched(np.where(free >= HIT, -free, np.inf)), strict=True):
            if free[track, answer] >= HIT:
                switches += last.get(int(track), answer) != answer
                pairs[int(track)] = int(answer)
        last |= pairs
        followed += len(pairs)
    return Mistakes(int(true.sum()) - followed, int(answered.sum()) - followed, switches)


def identified(overlaps: Floats) -> int:
    """Return the number of boxes found under the right name, IDTP.

    It is the most that a one-to-one matching of whole tracks reaches (Ristani, Solera, Zou, Cucchiara, Tomasi, ECCV
    2016 workshops, https://arxiv.org/abs/1609.01775).
    """
    both = (overlaps >= HIT).sum(axis=0)  # [true tracks, answered tracks]
    rows, columns = matched(-both.astype(np.float64))
    return int(both[rows, columns].sum())
