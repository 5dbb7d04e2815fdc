"""Pictures small enough to be shown: upright, on white, with their proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.columns.media.opening import orientation, to_be_loaded
from torso.columns.media.shrinking import shrunk

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["thumbnail"]


def thumbnail(data: bytes, side: int) -> Image:
    """Return a picture as RGB whose sides have at most `side` pixels.

    Args:
        data: content of the file.
        side: pixels.

    Raises:
        MediaError: no picture of a known format, or too large.
        OSError: it is damaged.
    """
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    with to_be_loaded(data, side) as image:
        scale = min(1.0, side / max(image.size))
        width, height = (max(1, round(scale * length)) for length in image.size)
        turn = turns.get(orientation(image))
        small = shrunk(image, (width, height))
    return small if turn is None else small.transpose(turn)
