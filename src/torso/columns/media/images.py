"""An image file becomes a square of RGB bytes, once; the encoder never sees a file.

The picture is stretched to the square: every pixel is used, wide and tall pictures alike, where a letterbox
would spend most of a small square on bars. Transparency lies on white.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from torso.columns.media.budget import TooMuchHere
from torso.columns.media.files import MediaError
from torso.columns.media.opening import opened, orientation, to_be_loaded
from torso.columns.media.shrinking import Levels, shrunk

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["decode_image", "image_facts", "image_side"]


def image_side(head: bytes) -> float:
    """Return the side in pixels of a square of the image's area.

    Args:
        head: the first bytes of the file.

    Raises:
        MediaError: no image of a known format, or `head` does not hold the size.
    """
    try:
        width, height = opened(head).size
    except MediaError:
        raise
    except Exception as error:
        raise MediaError("an image without a readable size") from error
    return float(np.sqrt(width * height))


def image_facts(data: bytes) -> np.ndarray:
    """Return width and height of the picture as it is shown, in pixels, float32 `[1, 2]`.

    Raises:
        MediaError: no image of a known format, or its header is damaged.
    """
    try:
        image = opened(data)
        size: tuple[int, int] = image.size
        turned = orientation(image) >= 5
    except MediaError:
        raise
    except Exception as error:
        raise MediaError("an image without a readable size") from error
    return np.array([size[::-1] if turned else size], np.float32)


def decode_image(data: bytes, size: int, levels: Levels | None = None) -> np.ndarray:
    """Return the image as RGB, uint8 `[size, size, 3]`: upright, on white, stretched; the first frame.

    Args:
        data: content of the file.
        size: side of the square.
        levels: black and white of grey values deeper than 8 bits; None judges each such picture by itself.

    Raises:
        MediaError: not PNG, JPEG, WebP, GIF, BMP or TIFF, or damaged, or too large.
    """
    try:
        with to_be_loaded(data, size) as image:
            return _square(image, size, levels)
    except (MediaError, TooMuchHere):
        raise
    except Exception as error:  # a decoder may fail in any way on bytes that somebody damaged
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise MediaError(f"damaged image ({reason})") from error


def _square(image: Image, size: int, levels: Levels | None) -> np.ndarray:
    # On a square, resizing first and turning later gives the same picture for less.
    turn = orientation(image)
    return _upright(np.array(shrunk(image, (size, size), levels)), turn)


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
