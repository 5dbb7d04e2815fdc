"""The size that a column of pictures is read at: small ones are not enlarged, large ones keep more detail.

Cost grows with the square of the size, so the size follows the pictures in a few steps: 28 x 28 digits are read
at 32, thumbnails of 96 at 64, photographs at 128.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from statistics import median

from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.media.images import image_side

__all__ = ["picture_size"]

LOOKED_AT = 50
STEPS = ((40, 32), (128, 64), (256, 96))  # up to this side: this size
LARGEST = 128


def picture_size(references: Sequence[str | bytes], files: MediaFiles) -> tuple[float, int] | None:
    """Return the median side of some pictures, and the size to read all of them at.

    Args:
        references: paths or contents; an even sample of 50 is looked at, only at their first bytes.
        files: where paths lead.

    Returns:
        None if none of them can be read.
    """
    sides = []
    for reference in references[:: max(1, len(references) // LOOKED_AT)][:LOOKED_AT]:
        with suppress(MediaError):
            sides.append(image_side(files.head(reference)))
    if not sides:
        return None
    side = median(sides)
    return side, next((size for most, size in STEPS if side <= most), LARGEST)
