"""Example rows: those that the run carries, those of a table that whoever starts the server names, or a made one.

`torso fit` tells which rows a run carries. A run without any shows one that is made from its statistics.
"""

from __future__ import annotations

import io
import math
import struct
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from torso.core.errors import DataError
from torso.serving.answers import json_value
from torso.serving.values import Json, Kind

if TYPE_CHECKING:
    from torso.runs.settings.sections import DataConfig

__all__ = ["MOST", "carried_rows", "made_row", "rows_of_table"]

MOST = 12
"""Rows of a table that are shown."""
_BEGINNINGS = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"WEBP": "image/webp",
    b"GIF8": "image/gif",
    b"WAVE": "audio/wav",
    b"fLaC": "audio/flac",
    b"OggS": "audio/ogg",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"ftyp": "video/mp4",
}
_SIDE = 64  # pixels
_RATE = 16_000  # samples a second


def made_row(inputs: Mapping[str, Kind]) -> Json:
    """Return a row that the run can read: medians, most frequent values, a drawn picture, a tone.

    Args:
        inputs: column -> its kind.
    """
    row = {name: _made(kind) for name, kind in inputs.items()}
    return {name: cell for name, cell in row.items() if cell not in (None, "", [])}


def _made(kind: Kind) -> object:
    """Return a cell of a kind; None where none can be made."""
    match kind.name:
        case "number":
            return _number(kind)
        case "category" | "binary" | "name":
            return next(iter(kind.values), None)
        case "set":
            return list(kind.values[:2])
        case "vector":
            return [round(value, 4) for value in kind.mean]
        case "sequence":
            return [[round(value, 4) for value in kind.mean]] * 3
    constant: dict[str, object] = {"text": "A short text.", "datetime": "2024-05-06"}
    if kind.name == "image":
        return _file(_picture(), "image/png", "example.png")
    if kind.name == "audio":
        return _file(_tone(), "audio/wav", "example.wav")
    return constant.get(kind.name)


def _number(kind: Kind) -> float | None:
    """Return the middle of the training rows' numbers."""
    if not kind.mean:
        return None
    middle = kind.quantiles[0][len(kind.quantiles[0]) // 2]
    return float(f"{kind.mean[0] + kind.std[0] * middle:.4g}")


def _file(data: bytes, media_type: str, name: str) -> Json:
    about = {"media_type": media_type, "name": name}
    said = {key: value for key, value in about.items() if value}
    return {"base64": b64encode(data).decode(), **said}


def _picture() -> bytes:
    """Return a PNG of a ring in colours that run from side to side."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (_SIDE, _SIDE))
    image.putdata([(4 * x, 4 * y, 160) for y in range(_SIDE) for x in range(_SIDE)])
    ImageDraw.Draw(image).ellipse((12, 12, 52, 52), outline=(255, 255, 255), width=6)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _tone() -> bytes:
    """Return a WAV of half a second at 440 Hz."""
    count = _RATE // 2
    samples = [round(12_000 * math.sin(2 * math.pi * 440 * k / _RATE)) for k in range(count)]
    data = struct.pack(f"<{count}h", *samples)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        _RATE,
        2 * _RATE,
        2,
        16,
        b"data",
        len(data),
    )
    return head + data


def carried_rows(folder: Path) -> dict[str, Json]:
    """Return name -> row as a request sends it, of the rows in a run's folder; none for an exported run.

    Raises:
        RunError: they are damaged.
    """
    from torso.runs.folder.examples_file import read_examples

    held = read_examples(folder) if folder.is_dir() else None
    if held is None:
        return {}
    rows = held.rows.to_pylist()
    return {
        name: {column: _cell(cell) for column, cell in row.items() if cell is not None}
        for name, row in zip(held.names, rows, strict=True)
    }


def _cell(cell: object) -> object:
    """Return a cell as JSON holds it."""
    return _file(cell, _media_type(cell), "") if isinstance(cell, bytes) else json_value(cell)


def _media_type(data: bytes) -> str:
    """Return the type of a file by its first bytes; empty for one that browsers find out themselves."""
    return next((kind for start, kind in _BEGINNINGS.items() if start in data[:12]), "")


def rows_of_table(
    path: Path, inputs: Mapping[str, Kind], config: DataConfig, roots: tuple[str, ...] = ()
) -> list[Json]:
    """Return the first rows of a table as a request sends them, files as base64.

    Args:
        path: of the table.
        inputs: column -> its kind.
        config: how the run reads tables, `RunConfig.data`.
        roots: folders or zips that file columns are relative to; none for the table's own.

    Raises:
        DataError: the table cannot be read, or a file is absent.
    """
    import numpy as np

    from torso.columns.media.files import MediaError, MediaFiles
    from torso.tables.table import read_table

    table = read_table(path, missing=config.missing, settings=config.text)
    table = table.take(np.arange(min(MOST, table.rows)))
    files = MediaFiles(roots or ((table.folder,) if table.folder else ()))
    rows: list[Json] = [{} for _ in range(table.rows)]
    for name, kind in inputs.items():
        if name not in table.names:
            continue
        cells = table.column(name).values.to_pylist()
        for row, cell in zip(rows, cells, strict=True):
            if cell is None:
                continue
            if not kind.in_files:
                row[name] = json_value(cell)
                continue
            try:
                data = files.read(cell)
            except MediaError as error:
                raise DataError(f"{path}, column {name!r}: {cell!r}: {error}.") from None
            label = "file" if isinstance(cell, bytes) else Path(cell).name
            row[name] = _file(data, _media_type(data), label)
    return rows
