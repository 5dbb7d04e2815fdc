"""Pixels in RGB at a smaller size, band by band, so that a large picture is never held in a wider type.

A pixel of one byte would take twelve on the way to RGB on white, one of two bytes as many in floats. Bands are cut where
Pillow's `resize` with a reducing gap would cut, so the result is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["WHOLE", "Levels", "bands", "is_deep", "shrunk"]

Levels = tuple[float, float]
"""The values of a picture that count as black and as white."""
WHOLE: tuple[Levels, Levels] = ((0.0, 1.0), (0.0, 65535.0))
"""Levels of floats and of 16-bit values that use their range."""

_GAP = 3.0  # from here on, reducing by whole numbers first is not seen
_BAND = 1 << 18  # pixels


def is_deep(image: Image) -> bool:
    """Return whether an opened image holds grey values of more than 8 bits, or floats."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def shrunk(image: Image, size: tuple[int, int], levels: Levels | None = None) -> Image:
    """Return a picture as RGB on white, stretched to `size`.

    Args:
        image: opened.
        size: width and height in pixels.
        levels: black and white of grey values deeper than 8 bits; None judges the picture by itself.
    """
    from PIL import Image as pillow

    image.load()
    if is_deep(image) and levels is None:
        levels = _own_levels(image)
    width, height = image.size
    across, down = (int(own / new / _GAP) or 1 for own, new in zip(image.size, size, strict=True))
    if image.size == size:
        return _to_rgb(image, levels)
    if _is_rgb(image):
        reduced = image.reduce((across, down)) if across > 1 or down > 1 else image
    else:
        reduced = pillow.new("RGB", (-(-width // across), -(-height // down)))
        for top, band in bands(image, down):
            reduced.paste(_to_rgb(band, levels).reduce((across, down)), (0, top // down))
    box = (0, 0, width / across, height / down)
    return reduced.resize(size, pillow.Resampling.BILINEAR, box)


def bands(image: Image, multiple: int = 1) -> Iterator[tuple[int, Image]]:
    """Yield the first row and the pixels of one band of rows after the other.

    Args:
        image: opened.
        multiple: of which each band's number of rows is, except the last one's.
    """
    width, height = image.size
    rows = max(1, _BAND // (width * multiple)) * multiple
    if rows >= height:
        yield 0, image
        return
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _is_rgb(image: Image) -> bool:
    return image.mode == "RGB" and "transparency" not in image.info


def _to_rgb(image: Image, levels: Levels | None) -> Image:
    from PIL import Image as pillow

    if _is_rgb(image):
        return image
    if is_deep(image):
        grey = np.asarray(image).astype(np.float64)
        return pillow.fromarray(_to_bytes(grey, levels or WHOLE[1])).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        rgba = image.convert("RGBA")
        white = pillow.new("RGBA", rgba.size, "white")
        return pillow.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _own_levels(image: Image) -> Levels:
    """Return black and white of one picture of which no training pictures are known.

    16-bit values (also where Pillow hands them over in 32) and floats from 0 to 1 have the whole of their range;
    all else is stretched from its least to its greatest value.
    """
    ends = []
    for _, band in bands(image):
        grey = np.asarray(band)
        known = grey[np.isfinite(grey)]
        if len(known):
            ends.append((float(known.min()), float(known.max())))
    low, high = (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0.0, 0.0)
    return next((whole for whole in WHOLE if low >= 0 and high <= whole[1]), (low, high))


def _to_bytes(grey: np.ndarray, levels: Levels) -> np.ndarray:
    """Return grey values as 0 to 255; those that are not finite are black."""
    black, white = levels
    if levels in WHOLE:
        values = grey * 255 if white == 1 else grey / 257
    else:
        values = (grey - black) * (255 / (white - black)) if white > black else grey * 0.0
    values = np.where(np.isfinite(grey), values, 0.0)
    return np.asarray(np.rint(values.clip(0, 255)), np.uint8)
