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
from torso.columns.media.images import WHOLE, Levels, check_megapixels, is_deep, opened

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
                pixels.append(grey[:: -(-len(grey) // _PIXELS)])
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
    """Return the finite pixels of a picture `[pixels]`; None if it is not deep."""
    image = _opened(files.head(reference))
    if image is not None and not is_deep(image):
        return None
    image = _opened(files.read(reference))
    if image is None or not is_deep(image):
        return None
    check_megapixels(*image.size)
    with suppress(Exception):  # a decoder may fail in any way on damaged bytes
        grey = np.asarray(image).astype(np.float64)
        return grey[np.isfinite(grey)]
    return None


def _opened(data: bytes) -> Image | None:
    with suppress(Exception):  # the header may end beyond `data`, or be damaged
        image: Image = opened(data)
        return image
    return None
