"""Pictures as labels: pixel values are kept, never blended or rescaled.

A mask has a class per pixel, a map one number or several. Both are brought to one size by taking the nearest
pixel: between two classes, or between a near and a far thing, there is nothing in the middle.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from torso.columns.media.budget import TooMuchHere
from torso.columns.media.files import MediaError
from torso.columns.media.opening import to_be_loaded

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["decode_map", "decode_mask", "map_of", "mask_of", "npy_bytes", "png_bytes", "resized"]

_NPY = b"\x93NUMPY"
_LARGE = 1 << 20  # pixels; more are not held in a wider type


def decode_mask(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Return the numbers of the pixels (of a palette: the indices), int32 `[height, width]` of `size`.

    Raises:
        MediaError: no picture or `.npy` of one channel of whole numbers.
    """
    return mask_of(_pixels(data, size), size)


def decode_map(data: bytes, size: tuple[int, int], channels: int) -> np.ndarray:
    """Return the numbers of the pixels as the file has them, float32 `[height, width, channels]` of `size`.

    Raises:
        MediaError: no picture or `.npy`, or one of another number of channels.
    """
    return map_of(_pixels(data, size), size, channels)


def mask_of(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return an array of labels as `decode_mask` does."""
    if values.ndim == 3 and (values == values[..., :1]).all():
        values = values[..., 0]  # grey, saved as a colour picture
    if values.ndim != 2:
        raise MediaError(
            f"a mask of shape {values.shape}, not one number per pixel; save it as a grey or palette picture"
        )
    whole = values.astype(np.int32)
    if not np.array_equal(whole, values):
        raise MediaError("a mask with pixels that are no whole numbers")
    return resized(whole, size)


def map_of(values: np.ndarray, size: tuple[int, int], channels: int) -> np.ndarray:
    """Return an array of numbers as `decode_map` does."""
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] != channels:
        hint = (
            "; a picture needs `colours: true`"
            if channels == 1 and values.shape[2:] == (3,)
            else ""
        )
        raise MediaError(
            f"a map of shape {values.shape}, not of {channels} channel{'s' * (channels > 1)}{hint}"
        )
    return resized(values.astype(np.float32), size)


def resized(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return `values` `[height, width, ...]` at another size: the pixel nearest to the middle of each new one.

    >>> resized(np.array([[1, 2], [3, 4]]), (1, 4)).tolist()
    [[3, 3, 4, 4]]
    """
    down, across = _positions(values.shape, size)
    return np.ascontiguousarray(values[down][:, across])


def _positions(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and the columns that `resized` takes of an array of `shape`."""
    down, across = (
        ((np.arange(new) + 0.5) * old / new).astype(np.intp)
        for new, old in zip(size, shape, strict=False)
    )
    return down, across


def png_bytes(values: np.ndarray) -> bytes:
    """Return whole numbers as a PNG: `[height, width]` grey, of 8 bits or else 16; `[..., 3]` RGB."""
    from PIL import Image

    stream = io.BytesIO()
    deep = values.max(initial=0) > 255
    Image.fromarray(values.astype(np.uint16 if deep else np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def npy_bytes(values: np.ndarray) -> bytes:
    """Return an array as the content of an `.npy` file."""
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()


def _pixels(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Return the values of a file, of a large one those nearest to the pixels of `size`."""
    try:
        if data.startswith(_NPY):
            values = np.load(io.BytesIO(data), allow_pickle=False)
            values = resized(values, size) if _is_large(values.shape) else values
        else:
            with to_be_loaded(data) as image:
                values = _nearest(image, size)
    except MediaError as error:
        raise MediaError(str(error).replace("TIFF image", "TIFF image, nor a .npy file")) from error
    except TooMuchHere:
        raise
    except Exception as error:  # a decoder may fail in any way on bytes that somebody damaged
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise MediaError(f"damaged file ({reason})") from error
    if values.dtype.kind not in "biuf" or values.size == 0:
        raise MediaError(f"an array of {values.dtype} of shape {values.shape}, not of numbers")
    return np.asarray(values)


def _nearest(image: Image, size: tuple[int, int]) -> np.ndarray:
    """Return the values of a picture; of a large one, row by row, those that `resized` would take."""
    width, height = image.size
    if not _is_large((height, width)):
        return np.asarray(image)
    down, across = _positions((height, width), size)
    rows = [np.asarray(image.crop((0, row, width, row + 1)))[0, across] for row in down.tolist()]
    return np.stack(rows)


def _is_large(shape: tuple[int, ...]) -> bool:
    return len(shape) >= 2 and shape[0] * shape[1] > _LARGE
