"""The memory that a picture takes while it is decoded, by its header.

Pillow keeps a pixel in one, two or four bytes, and each format has buffers of its own beside that: libwebp two canvases
and a copy, libtiff a strip that may be the whole picture, a progressive JPEG all of its coefficients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.columns.media.files import MediaError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MEGAPIXELS", "SIDE_LIMIT", "check_megapixels", "decoding_memory"]

MEGAPIXELS = 100
"""Larger pictures are refused: a small file can claim any size."""
SIDE_LIMIT = 65_535
"""Pixels of a side, the most that a JPEG can have; each row takes memory of its own."""

_ROW = 8  # bytes of the address of a row
_WEBP = 12  # bytes a pixel beside Pillow's: two canvases, and the frame handed over
_BITS, _COLOURS, _SAMPLES, _ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH = (
    258,
    262,
    277,
    278,
    322,
    323,
)  # tags of TIFF
_YCBCR = 6
_START_OF_SCAN = b"\xff\xda"
_BAND, _DEEP_BAND = (
    8_000_000,
    20_000_000,
)  # bytes of the band of rows that is converted to RGB, or from deep grey


def check_megapixels(width: int, height: int) -> None:
    """Refuse a picture of more than `MEGAPIXELS`, or with a side beyond `SIDE_LIMIT`."""
    megapixels = width * height / 1e6
    if megapixels > MEGAPIXELS:
        raise MediaError(f"{megapixels:.0f} megapixels, more than the limit of {MEGAPIXELS}")
    if max(width, height) > SIDE_LIMIT:
        raise MediaError(f"a side of {max(width, height):,} pixels, more than {SIDE_LIMIT:,}")


def decoding_memory(image: Image, whole: tuple[int, int], data: bytes) -> int:
    """Return the bytes that Pillow and its decoder hold at the same time.

    Args:
        image: opened, a JPEG at the size that it is decoded at.
        whole: width and height that the file has.
        data: content of the file.
    """
    width, height = image.size
    pixels = width * height
    rows = height * (_ROW + -(-width * _pixel_bytes(image.mode) // 4) * 4)
    beside = 0
    if image.format == "WEBP":
        beside = _WEBP * pixels
    elif image.format == "TIFF":
        beside = _tiff_block(image)
    elif image.format == "JPEG":
        beside = _coefficients(image, whole, data)
    elif image.format == "BMP":
        beside = 3 * pixels if image.mode in ("1", "L", "P") else 0  # of run lengths, as bytes
    elif image.format == "GIF":
        beside = pixels
    deep = image.mode[:1] in ("I", "F")
    return rows + beside + (_DEEP_BAND if deep else _BAND)


def _pixel_bytes(mode: str) -> int:
    if mode in ("1", "L", "P"):
        return 1
    return 2 if mode.startswith("I;16") else 4


def _tiff_block(image: Image) -> int:
    """Return the bytes of a strip or tile as the file has it; a strip may be the picture, a tile larger still."""
    width, height = image.size

    def tag(number: int, otherwise: int) -> int:
        value = getattr(image, "tag_v2", {}).get(number, otherwise)
        return max(map(int, value)) if isinstance(value, tuple) else int(value)

    across = tag(_TILE_WIDTH, 0)
    rows = min(height, tag(_ROWS_PER_STRIP, height))
    pixels = across * tag(_TILE_LENGTH, 1) if across else width * rows
    as_stored = -(-tag(_BITS, 8) * tag(_SAMPLES, 1) // 8)
    return pixels * (max(4, as_stored) if tag(_COLOURS, 0) == _YCBCR else as_stored)


def _coefficients(image: Image, whole: tuple[int, int], data: bytes) -> int:
    """Return the bytes of a JPEG's coefficients, which decoders keep if they come in several scans."""
    if data.count(_START_OF_SCAN) < 2 and not image.info.get("progressive"):
        return 0
    layers = getattr(image, "layer", [])
    across, down = (max([layer[place] for layer in layers] or [1]) for place in (1, 2))
    samples = sum(layer[1] * layer[2] for layer in layers) / (across * down)
    return int(2 * samples * (whole[0] + 8 * across) * (whole[1] + 8 * down))
