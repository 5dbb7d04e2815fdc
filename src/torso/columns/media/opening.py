"""Pictures opened by their headers, and the memory that decoding them may take.

The content decides the format, not the file's name, and only the formats below are tried, because a decoder is code
run on a stranger's bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from torso.columns.media.budget import BUDGET
from torso.columns.media.files import MediaError
from torso.columns.media.picture_memory import check_megapixels, decoding_memory

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["ORIENTATION", "is_image", "opened", "orientation", "to_be_loaded"]

ORIENTATION = 0x0112  # tag of EXIF


def is_image(data: bytes) -> bool:
    """Return whether the bytes begin like an image of a known format."""
    return _plugin(data) is not None


def opened(data: bytes) -> ImageFile:
    """Return Pillow's image after reading only the header."""
    plugin = _plugin(data)
    if plugin is None:
        raise MediaError("not a PNG, JPEG, WebP, GIF, BMP or TIFF image")
    # Not `Image.open`: it tries other decoders, and warns about the size before we can judge it.
    image: ImageFile = getattr(import_module(plugin[0]), plugin[1])(io.BytesIO(data))
    return image


@contextmanager
def to_be_loaded(
    data: bytes, least: int | None = None, image: ImageFile | None = None
) -> Iterator[ImageFile]:
    """Open a picture, and hold the memory for its pixels inside the block.

    Args:
        data: content of the file.
        least: sides in pixels that suffice; a JPEG is then decoded at the nearest larger eighth.
        image: as `opened` returns it; opened here by default.

    Raises:
        MediaError: no picture of a known format, too large, or one that takes too much memory.
    """
    image = image or opened(data)
    width, height = image.size
    check_megapixels(width, height)
    if least is not None and image.format == "JPEG":
        image.draft(None, (least, least))
    size = decoding_memory(image, (width, height), data)
    with BUDGET.held(size, f"a {image.format} of {width:,} × {height:,} pixels"):
        yield image


def orientation(image: Image) -> int:
    """Return how an opened picture has to be turned: EXIF's number, 1 for not at all."""
    may_say = image.format == "TIFF" or "exif" in image.info or "XML:com.adobe.xmp" in image.info
    return int(image.getexif().get(ORIENTATION, 1)) if may_say else 1


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
