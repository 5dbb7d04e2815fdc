"""Small tables with real pictures and recordings, and settings under which a fit takes a moment."""

from __future__ import annotations

import csv
import io
import json
import struct
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from torso.app.cli import main

COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}
TARGETS = ["colour", "loud", "price"]
INPUTS = ["photo", "sound", "note", "size", "shop"]
TINY = {
    "dim": 8,
    "fusion": "concat",
    "training.epochs": 1,
    "training.batch_size": 16,
    "inputs.size.kind": "number",
}
"""Settings of a fit on `plain`; on `make` with `MEDIA` besides."""

MEDIA = {
    "inputs.photo.kind": "image",
    "inputs.photo.size": 16,
    "inputs.sound.kind": "audio",
    "inputs.sound.rate": 4000,
    "inputs.sound.mels": 8,
    "encoders.photo": {"type": "convnet", "width": 4, "stages": 1},
    "encoders.sound": {"type": "convnet", "width": 8, "stages": 1},
}


def png(colour: Any = (200, 30, 30), side: int = 8) -> bytes:
    """Return a picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(stream, "PNG")
    return stream.getvalue()


def png_bomb(side: int = 20_000) -> bytes:
    """Return a small file that claims to be `side` by `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = (
        chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + body


def wav(pitch: float = 440.0, samples: int = 800) -> bytes:
    """Return a tone at 4 kHz."""
    stream = io.BytesIO()
    tone = 0.3 * np.sin(2 * np.pi * pitch * np.arange(samples) / 4000)
    soundfile.write(stream, tone, 4000, format="WAV", subtype="PCM_16")
    return stream.getvalue()


def plain(rows: int = 40, seed: int = 0) -> dict[str, list[Any]]:
    """Return a table without files: inputs `note`, `size`, `shop`, targets `colour`, `loud`, `price`."""
    rng = np.random.default_rng(seed)
    colours = [list(COLOURS)[row % 3] for row in range(rows)]
    return {
        "note": [
            f"{'very' if rng.random() < 0.5 else 'quite'} {c} thing {rng.integers(9)} beside the old door"
            for c in colours
        ],
        "size": [round(float(x), 3) for x in rng.normal(5, 2, rows)],
        "shop": [["Ann", "Bob", "Cy"][rng.integers(3)] for _ in range(rows)],
        "colour": colours,
        "loud": ["yes" if row % 2 else "no" for row in range(rows)],
        "price": [round(10 + 5 * len(c) + float(rng.normal()), 3) for c in colours],
    }


def make(folder: Path, rows: int = 40, seed: int = 0) -> Path:
    """Write `table.csv` with a picture and a recording per row to `folder`, and return its path."""
    columns = plain(rows, seed)
    (folder / "files").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for row in range(rows):
        shade = np.array(COLOURS[columns["colour"][row]]) + rng.integers(-20, 20, 3)
        (folder / f"files/{row}.png").write_bytes(png(tuple(int(x) for x in shade)))
        pitch = (900 if columns["loud"][row] == "yes" else 300) + 3 * row
        (folder / f"files/{row}.wav").write_bytes(wav(pitch))
    columns = {
        "photo": [f"files/{row}.png" for row in range(rows)],
        "sound": [f"files/{row}.wav" for row in range(rows)],
        **columns,
    }
    return write(folder / "table.csv", columns)


def write(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    """Write columns as CSV; None is an empty cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def read(path: Path) -> dict[str, list[str]]:
    """Return a CSV's columns as they stand in the file."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}


def change(path: Path, edit: Callable[[dict[str, list[str]]], object]) -> Path:
    """Edit a CSV's columns in place."""
    columns = read(path)
    edit(columns)
    return write(path, columns)


def options(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as the command line takes them."""
    return [
        part for key, value in settings.items() for part in ("--set", f"{key}={json.dumps(value)}")
    ]


def torso(*arguments: Any) -> int:
    """Run the command line as a shell would, and return its exit code."""
    before, sys.argv = sys.argv, ["torso", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0
