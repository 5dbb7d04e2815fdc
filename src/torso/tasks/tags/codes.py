"""Spans of steps as one code per step, without loss: begin, inside, outside.

0 says that nothing is tagged, `2k + 1` that a span of tag k begins, `2k + 2` that it goes on; -1 that nothing is known.
The kind of target writes these codes, the head predicts them, and the metrics read them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["spans_of", "tags_of", "touching"]

Codes = NDArray[np.int64]


def tags_of(codes: NDArray[Any]) -> Codes:
    """Return the tag of each step, counted from 1; 0 for none, -1 for unknown.

    >>> tags_of(np.array([-1, 0, 1, 2, 3]))
    array([-1,  0,  1,  1,  2])
    """
    return np.where(codes < 0, -1, (codes + 1) // 2).astype(np.int64)


def spans_of(codes: NDArray[Any]) -> Codes:
    """Return `[spans, 4]`: row, first step, the step after the last, and tag from 0, of `codes` `[rows, steps]`.

    A step that goes on with a tag that the step before does not have begins a span.

    >>> spans_of(np.array([[1, 2, 1, 4, 0, -1]])).tolist()
    [[0, 0, 2, 0], [0, 2, 3, 0], [0, 3, 4, 1]]
    """
    tags = tags_of(codes)
    changes = np.diff(tags, axis=1, prepend=-1) != 0
    begins = (tags > 0) & (changes | (codes % 2 == 1))
    ends = (tags > 0) & np.pad(changes | begins, ((0, 0), (0, 1)), constant_values=True)[:, 1:]
    rows, first = np.nonzero(begins)
    last = np.nonzero(ends)[1]
    return np.stack([rows, first, last + 1, tags[rows, first] - 1], axis=1).astype(np.int64)


def touching(codes: NDArray[Any]) -> bool:
    """Return whether a span anywhere follows at once on one of the same tag, so that tags alone do not part them."""
    tags = tags_of(codes)
    same = (tags[:, 1:] == tags[:, :-1]) & (tags[:, 1:] > 0)
    return bool((same & (codes[:, 1:] % 2 == 1)).any())
