"""Black and white of a column of pictures deeper than 8 bits: one range for all, so that they can be compared.

A 12-bit scan in a 16-bit file uses a sixteenth of its range, a float picture may hold metres or degrees. Stretched
each by itself, a dark and a bright picture would look alike; divided by 65,535, all would be black.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.media.opening import opened, to_be_loaded
from torso.columns.media.shrinking import WHOLE, Levels, bands, is_deep

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["picture_levels"]

LOOKED_AT = 100
"""Pictures of a column that are enough to learn from."""
_PIXELS = 10_000  # of a picture
_ENDS = 0.001, 0.999  # shares of all pixels; a hot one is no white
_USED = 0.25  # share of a whole range that counts as using it


def picture_levels(references: Sequence[str | bytes], files: MediaFiles) -> Levels | None:
    """Return black and white of the deep pictures among some; None where there are none.

    Args:
        references: paths or contents, `LOOKED_AT` or so.
        files: where paths lead.
    """
    pixels = []
    for reference in references:
        with suppress(MediaError):
            grey = _deep_values(reference, files)
            if grey is not None and len(grey):
                pixels.append(grey)
    if not pixels:
        return None
    together = np.concatenate(pixels)
    low, high = map(float, np.quantile(together, _ENDS))
    if not high > low:  # a few points on an even ground
        low, high = float(together.min()), float(together.max())
    if low >= 0:
        for black, white in WHOLE:
            if _USED * white < high <= white:
                return black, white
        low = 0.0 if low < 0.1 * high else low
    return (low, high) if high > low else None


def _deep_values(reference: str | bytes, files: MediaFiles) -> np.ndarray | None:
    """Return some of the finite pixels of a picture `[pixels]`, evenly spread; None if it is not deep."""
    image = _opened(files.head(reference))
    if image is not None and not is_deep(image):
        return None
    data = files.read(reference)
    with suppress(Exception), to_be_loaded(data) as image:  # damaged bytes fail in any way
        return _spread_values(image) if is_deep(image) else None
    return None


def _spread_values(image: Image) -> np.ndarray:
    """Return every so manieth of a picture's finite values, about `_PIXELS` of them."""
    finite = sum(int(np.isfinite(np.asarray(band)).sum()) for _, band in bands(image))
    step, passed, values = max(1, -(-finite // _PIXELS)), 0, [np.zeros(0)]
    for _, band in bands(image):
        grey = np.asarray(band).ravel()
        grey = grey[np.isfinite(grey)]
        values.append(grey[-passed % step :: step].astype(np.float64))
        passed += len(grey)
    return np.concatenate(values)


def _opened(data: bytes) -> Image | None:
    with suppress(Exception):  # the header may end beyond `data`, or be damaged
        image: Image = opened(data)
        return image
    return None
