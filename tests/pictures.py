"""Pictures of coloured rectangles on black, and where the rectangles are."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE = 16
SETTINGS = {
    "dim": 16,
    "training.epochs": 6,
    "training.batch_size": 8,
    "training.lr": 1e-2,
    "encoders.photo": {"stride": 2, "width": 8, "stages": 1},
    "inputs": {"photo": {"kind": "image", "size": SIDE}},
}
COLOURS = np.array([[250, 40, 40], [40, 250, 40]], np.uint8)


def png(values: np.ndarray) -> bytes:
    """Return an array of bytes as a PNG."""
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def rectangles(rows: int = 48, seed: int = 0) -> dict[str, Any]:
    """Return `photo` (uint8), `kinds` (0 or 1), `mask` (0: black, 1 or 2) and `box` (pixels) of each row."""
    rng = np.random.default_rng(seed)
    photos = rng.integers(0, 20, (rows, SIDE, SIDE, 3)).astype(np.uint8)
    masks = np.zeros((rows, SIDE, SIDE), np.uint8)
    kinds = rng.integers(2, size=rows)
    boxes = np.zeros((rows, 4), int)
    for row, kind in enumerate(kinds):
        (left, top), (width, height) = rng.integers(0, SIDE // 2, 2), rng.integers(5, 9, 2)
        boxes[row] = left, top, left + width, top + height
        photos[row, top : top + height, left : left + width] = COLOURS[kind]
        masks[row, top : top + height, left : left + width] = 1 + kind
    return {"photo": photos, "kinds": kinds, "mask": masks, "box": boxes}


def write(folder: Path, name: str, pictures: np.ndarray) -> list[str]:
    """Write pictures as PNG files under `folder`, and return their paths from there."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    paths = [f"{name}/{row}.png" for row in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        (folder / path).write_bytes(png(picture))
    return paths
