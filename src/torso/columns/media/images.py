"""An image file becomes a square of RGB bytes, once; the encoder never sees a file.

The picture is stretched to the square: every pixel is used, wide and tall pictures alike, where a letterbox
would spend most of a small square on bars. Transparency lies on white.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from torso.columns.media.budget import TooMuchHere
from torso.columns.media.decoder import Described
from torso.columns.media.files import MediaError
from torso.columns.media.opening import opened, orientation, to_be_loaded
from torso.columns.media.shrinking import Levels, shrunk

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["decode_image", "describe_image", "image_facts", "image_side"]


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
        return _facts(image.size, orientation(image))
    except MediaError:
        raise
    except Exception as error:
        raise MediaError("an image without a readable size") from error


def decode_image(data: bytes, size: int, levels: Levels | None = None) -> np.ndarray:
    """Return the image as RGB, uint8 `[size, size, 3]`: upright, on white, stretched; the first frame.

    Args:
        data: content of the file.
        size: side of the square.
        levels: black and white of grey values deeper than 8 bits; None judges each such picture by itself.

    Raises:
        MediaError: not PNG, JPEG, WebP, GIF, BMP or TIFF, or damaged, or too large.
    """
    return _decoded(data, size, levels)[0]


def describe_image(data: bytes, size: int, levels: Levels | None = None) -> Described:
    """Return the square of `decode_image` and the facts of `image_facts`, for one opening of the file.

    Args:
        data: content of the file.
        size: side of the square.
        levels: as for `decode_image`.
    """
    try:
        return Described(*_decoded(data, size, levels))
    except MediaError as error:
        try:
            return Described(error, image_facts(data))
        except MediaError:
            return Described(error, None)


def _decoded(data: bytes, size: int, levels: Levels | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the square, and the facts of `image_facts`."""
    try:
        image = opened(data)
        whole = image.size  # before a JPEG is asked for an eighth
        with to_be_loaded(data, size, image):
            turn = orientation(image)
            return _square(image, size, levels, turn), _facts(whole, turn)
    except (MediaError, TooMuchHere):
        raise
    except Exception as error:  # a decoder may fail in any way on bytes that somebody damaged
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise MediaError(f"damaged image ({reason})") from error


def _facts(size: tuple[int, int], turn: int) -> np.ndarray:
    return np.array([size[::-1] if turn >= 5 else size], np.float32)


def _square(image: Image, size: int, levels: Levels | None, turn: int) -> np.ndarray:
    # On a square, resizing first and turning later gives the same picture for less.
    return _upright(np.array(shrunk(image, (size, size), levels)), turn)


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
