"""An image file becomes a square of RGB bytes, once; the encoder never sees a file.

The picture is stretched to the square: every pixel is used, wide and tall pictures alike, where a letterbox
would spend most of a small square on bars. Transparency lies on white. The content decides the format, not
the file's name, and only the formats below are tried, because a decoder is code run on a stranger's bytes.
"""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from torso.columns.media.files import MediaError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "MEGAPIXELS",
    "WHOLE",
    "Levels",
    "check_megapixels",
    "decode_image",
    "image_facts",
    "image_side",
    "is_deep",
    "is_image",
    "opened",
]

Levels = tuple[float, float]
"""The values of a picture that count as black and as white."""
WHOLE: tuple[Levels, Levels] = ((0.0, 1.0), (0.0, 65535.0))
"""Levels of floats and of 16-bit values that use their range."""

MEGAPIXELS = 100
"""Larger images are refused: a small file can claim any size."""

EXIF_ORIENTATION = 0x0112


def _plugin(data: bytes) -> tuple[str, str] | None:
    """Return Pillow's module and class for the format that the first bytes name."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PIL.PngImagePlugin", "PngImageFile"
    if data.startswith(b"\xff\xd8\xff"):
        return "PIL.JpegImagePlugin", "JpegImageFile"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "PIL.WebPImagePlugin", "WebPImageFile"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "PIL.GifImagePlugin", "GifImageFile"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "PIL.TiffImagePlugin", "TiffImageFile"
    if data.startswith(b"BM"):
        return "PIL.BmpImagePlugin", "BmpImageFile"
    return None


def is_image(data: bytes) -> bool:
    """Return whether the bytes begin like an image of a known format."""
    return _plugin(data) is not None


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
        turned = _may_be_turned(image) and image.getexif().get(EXIF_ORIENTATION, 1) >= 5
    except MediaError:
        raise
    except Exception as error:
        raise MediaError("an image without a readable size") from error
    return np.array([size[::-1] if turned else size], np.float32)


def opened(data: bytes) -> Any:
    """Return Pillow's image after reading only the header."""
    plugin = _plugin(data)
    if plugin is None:
        raise MediaError("not a PNG, JPEG, WebP, GIF, BMP or TIFF image")
    # Not `Image.open`: it tries other decoders, and warns about the size before we can judge it.
    return getattr(import_module(plugin[0]), plugin[1])(io.BytesIO(data))


def check_megapixels(width: int, height: int) -> None:
    """Refuse an image of more than `MEGAPIXELS`."""
    megapixels = width * height / 1e6
    if megapixels > MEGAPIXELS:
        raise MediaError(f"{megapixels:.0f} megapixels, more than the limit of {MEGAPIXELS}")


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
        image = opened(data)
        check_megapixels(*image.size)
        if image.format == "JPEG":
            image.draft(None, (size, size))  # decode at the nearest larger eighth
        return _square(image, size, levels)
    except MediaError:
        raise
    except Exception as error:  # a decoder may fail in any way on bytes that somebody damaged
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise MediaError(f"damaged image ({reason})") from error


def _square(image: Image, size: int, levels: Levels | None) -> np.ndarray:
    from PIL.Image import Resampling

    # On a square, resizing first and turning later gives the same picture for less.
    turn = image.getexif().get(EXIF_ORIENTATION, 1) if _may_be_turned(image) else 1
    rgb = _to_rgb(image, levels)
    if rgb.size != (size, size):
        rgb = rgb.resize((size, size), Resampling.BILINEAR, reducing_gap=3.0)
    return _upright(np.array(rgb), turn)


def _may_be_turned(image: Image) -> bool:
    return image.format == "TIFF" or "exif" in image.info or "XML:com.adobe.xmp" in image.info


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def is_deep(image: Image) -> bool:
    """Return whether an opened image holds grey values of more than 8 bits, or floats."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _to_rgb(image: Image, levels: Levels | None) -> Image:
    from PIL import Image as pillow

    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if is_deep(image):
        grey = np.asarray(image).astype(np.float64)
        return pillow.fromarray(_to_bytes(grey, levels or _own_levels(grey))).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        rgba = image.convert("RGBA")
        white = pillow.new("RGBA", rgba.size, "white")
        return pillow.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _own_levels(grey: np.ndarray) -> Levels:
    """Return black and white of one picture of which no training pictures are known.

    16-bit values (also where Pillow hands them over in 32) and floats from 0 to 1 have the whole of their range;
    all else is stretched from its least to its greatest value.
    """
    known = grey[np.isfinite(grey)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
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
