"""Pictures and recordings that are cells: objects of Pillow, arrays of pixels, and the structs of dataset hubs.

A hub's struct holds the `bytes` of a file, its `path`, or both; a recording may come as an `array` of samples with
its `sampling_rate`. All of them become the bytes of a file, or a path.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MEDIA", "file_of", "is_media", "is_picture", "media_bytes", "media_struct", "one_type"]

MEDIA = pa.struct([("bytes", pa.large_binary()), ("path", pa.large_string())])
"""A column in which some cells hold a file's bytes and others its path."""
_KEYS = {"bytes", "path", "array", "sampling_rate"}
_PIXELS = (1, 3, 4)  # values of a pixel: grey, colours, colours and transparency
_PNG = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")  # of Pillow's modes, those that a PNG holds


def media_bytes(cell: object) -> bytes | None:
    """Return a picture or recording as the bytes of a file; None for anything else."""
    if is_picture(cell):
        if isinstance(cell, np.ndarray):
            from PIL.Image import fromarray

            cell = fromarray(cell[..., 0] if cell.shape[2] == 1 else cell)
        return _picture(cell)
    if not isinstance(cell, Mapping) or not cell.keys() <= _KEYS or cell.get("bytes") is not None:
        return None
    if cell.get("array") is not None and cell.get("sampling_rate"):
        return _wave(np.asarray(cell["array"], np.float32), int(cell["sampling_rate"]))
    return None


def is_picture(cell: object) -> TypeGuard[Image | np.ndarray]:
    """Return whether a cell is a picture of Pillow, or an array of pixels `[height, width, 1, 3 or 4]`."""
    if isinstance(cell, np.ndarray):
        coloured = cell.ndim == 3 and cell.shape[2] in _PIXELS and min(cell.shape) > 0
        return coloured and cell.dtype == np.uint8
    pillow = sys.modules.get("PIL.Image")  # a picture can only be there if Pillow is loaded
    return pillow is not None and isinstance(cell, pillow.Image)


def media_struct(cells: Sequence[object]) -> pa.Array | None:
    """Return bytes, paths and structs of them as one column; None if a struct is no file."""
    pairs = []
    for cell in cells:
        if isinstance(cell, dict):
            if not cell.keys() <= _KEYS or not cell.keys() & {"bytes", "path"}:
                return None
            content, path = cell.get("bytes"), cell.get("path")
        else:
            content = cell if isinstance(cell, bytes) else None
            path = cell if isinstance(cell, str) else None
        if not isinstance(content, bytes | None) or not isinstance(path, str | None):
            return None
        pairs.append((content, path))
    return _media([content for content, _ in pairs], [path for _, path in pairs])


def file_of(cell: Mapping[str, bytes | str | None] | None) -> bytes | str | None:
    """Return the bytes or else the path that a cell of a `MEDIA` column holds; None for neither."""
    return None if cell is None else cell["bytes"] or cell["path"] or None


def is_media(given: pa.DataType) -> bool:
    """Return whether a struct holds files: `{bytes, path}`, or one of them."""
    if not pa.types.is_struct(given) or not given.num_fields:
        return False
    fields = {field.name: field.type for field in given}
    if not fields.keys() <= _KEYS or not fields.keys() & {"bytes", "path"}:
        return False
    return _is_binary(fields.get("bytes", pa.null())) and _is_text(fields.get("path", pa.null()))


def one_type(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return structs for which `is_media` as bytes or as paths; where both occur, as `MEDIA`."""
    names = {field.name for field in column.type}
    rows = len(column)
    content = (
        pc.struct_field(column, "bytes").cast(pa.large_binary())
        if "bytes" in names
        else pa.chunked_array([pa.nulls(rows, pa.large_binary())])
    )
    path = (
        pc.struct_field(column, "path").cast(pa.large_string())
        if "path" in names
        else pa.chunked_array([pa.nulls(rows, pa.large_string())])
    )
    content = pc.if_else(
        pc.greater(pc.binary_length(content), 0), content, pa.scalar(None, content.type)
    )
    path = pc.if_else(pc.is_null(content), path, pa.scalar(None, path.type))
    if path.null_count == rows:
        return content
    if content.null_count == rows:
        return path
    files = _media(content.to_pylist(), path.to_pylist())
    return pa.chunked_array([files])


def _media(contents: Sequence[bytes | None], paths: Sequence[str | None]) -> pa.Array:
    missing = pa.array(
        [not content and not path for content, path in zip(contents, paths, strict=True)]
    )
    parts = [pa.array(contents, pa.large_binary()), pa.array(paths, pa.large_string())]
    return pa.StructArray.from_arrays(parts, fields=list(MEDIA), mask=missing)


def _is_binary(given: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_null(given)
        or types.is_binary(given)
        or types.is_large_binary(given)
        or types.is_binary_view(given)
    )


def _is_text(given: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_null(given)
        or types.is_string(given)
        or types.is_large_string(given)
        or types.is_string_view(given)
    )


def _picture(picture: Image) -> bytes:
    """Return a picture of Pillow as a file without loss."""
    file = io.BytesIO()
    picture.save(file, "PNG" if picture.mode in _PNG else "TIFF")
    return file.getvalue()


def _wave(samples: np.ndarray, rate: int) -> bytes:
    """Return samples `[time]` or `[channels, time]` as a WAVE file of 32-bit floats."""
    channels = 1 if samples.ndim == 1 else samples.shape[0]
    data = np.ascontiguousarray(samples.T, "<f4").tobytes()
    facts = struct.pack("<HHIIHH", 3, channels, rate, rate * channels * 4, channels * 4, 32)
    body = (
        b"WAVEfmt " + struct.pack("<I", 16) + facts + b"data" + struct.pack("<I", len(data)) + data
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body
