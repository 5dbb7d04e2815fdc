"""Pictures of explanations: a picture or a recording, and beside or over it the shares of its regions or stretches.

Blue raised the figure, orange lowered it, apart for the colour-blind, too; the strongest share has the full colour, and
one that may be 0 half of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from torso.core.whole_files import whole_file
from torso.studies.explain.answer import Share, TaskExplanation, signed
from torso.studies.explain.lettering import NO_FONT, lettering

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["grey_recording", "overlay", "save_overlay"]

_RAISED, _LOWERED, _INK, _PAPER = (0, 114, 178), (213, 94, 0), (40, 40, 40), (255, 255, 255)
_SIDE, _WIDE, _HIGH = 360, 744, 180  # pixels of a picture, and of a recording
_EDGE, _LINE = 12, 20
_MOST, _FAINT = 0.75, 0.5  # opacity of the strongest share; factor of one that may be 0


def save_overlay(
    folder: str | Path,
    row: int,
    explained: TaskExplanation,
    column: str,
    seen: NDArray[np.generic],
) -> Path:
    """Write a column's shares of an answer as a PNG, and return its path.

    Args:
        folder: is made where it is absent.
        row: its number.
        explained: the answer.
        column: of pictures or recordings.
        seen: its cell as the run reads it.
    """
    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    names = (_plain(part) for part in (f"row{row}", explained.task, column))
    file = place / f"{'-'.join(names)}.png"
    with whole_file(file) as draft:
        overlay(row, explained, column, seen).save(draft, "PNG")
    return file


def overlay(row: int, explained: TaskExplanation, column: str, seen: NDArray[np.generic]) -> Image:
    """Return a column's shares of an answer as a picture; arguments as for `save_overlay`."""
    from PIL import Image, ImageDraw

    parts = [part for part in explained.parts if part.column == column]
    largest = max((abs(part.share.value) for part in parts), default=0.0) or 1.0
    body = _picture(seen, parts, largest) if seen.ndim == 3 else _recording(seen, parts, largest)
    caption = _caption(row, explained, column, largest)
    lines = [(lettering(text, body.width), colour) for text, colour in caption]
    if not all(drawn.whole for drawn, _ in lines):
        lines.append((lettering(NO_FONT), _INK))
    size = (body.width + 2 * _EDGE, body.height + 2 * _EDGE + _LINE * len(lines) + _EDGE // 2)
    sheet = Image.new("RGB", size, _PAPER)
    sheet.paste(body, (_EDGE, _EDGE))
    draw = ImageDraw.Draw(sheet)
    for number, (drawn, colour) in enumerate(lines):
        top = body.height + _EDGE + _EDGE // 2 + _LINE * number
        draw.text((_EDGE, top), drawn.text, fill=colour, font=drawn.font)
    return sheet


def _caption(
    row: int, explained: TaskExplanation, column: str, largest: float
) -> list[tuple[str, tuple[int, int, int]]]:
    """Return lines of text and their colours."""
    total = sum(part.share.value for part in explained.parts if part.column == column)
    share = signed(total, explained.decimals)
    most = f"{largest:,.{explained.decimals}f}"
    tested = {True: "passed", False: "failed: do not rely on the order", None: "of one part: none"}
    return [
        (f"Row {row}, {explained.heading()}", _INK),
        (f"{column} {share}; deletion test {tested[explained.passed]}", _INK),
        (f"blue raised it; full colour: by {most}; faint: it may be 0", _RAISED),
        ("orange lowered it, on the same scale", _LOWERED),
    ]


def _picture(pixels: np.ndarray, parts: Sequence[Share], largest: float) -> Image:
    """Return the picture, and beside it the same in grey with its regions coloured."""
    from PIL import Image, ImageDraw

    whole = Image.fromarray(pixels)
    sharp = Image.Resampling.NEAREST if max(whole.size) <= 64 else Image.Resampling.BILINEAR
    shown = whole.resize((_SIDE, _SIDE), sharp)
    grey = shown.convert("L").convert("RGB")
    tinted = Image.blend(grey, Image.new("RGB", grey.size, _PAPER), 0.35)
    high, wide = pixels.shape[:2]
    for part in parts:
        if len(part.span) != 4:
            continue
        top, left, bottom, right = part.span
        box = tuple(
            round(at * _SIDE / side)
            for at, side in zip((left, top, right, bottom), (wide, high, wide, high), strict=True)
        )
        region = tinted.crop(box)
        colour = Image.new("RGB", region.size, _colour(part))
        tinted.paste(Image.blend(region, colour, _opacity(part, largest)), box)
        ImageDraw.Draw(tinted).rectangle(box, outline=(205, 205, 205))
    both = Image.new("RGB", (2 * _SIDE + 2 * _EDGE, _SIDE), _PAPER)
    both.paste(shown, (0, 0))
    both.paste(tinted, (_SIDE + 2 * _EDGE, 0))
    return both


def _recording(sound: np.ndarray, parts: Sequence[Share], largest: float) -> Image:
    """Return the spectrum or the envelope of a recording, its stretches coloured, with seconds below."""
    from PIL import Image, ImageDraw

    shown = Image.fromarray(grey_recording(sound)).resize((_WIDE, _HIGH)).convert("RGB")
    sheet = Image.new("RGB", (_WIDE, _HIGH + _LINE), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for part in parts:
        ends = part.span if len(part.span) == 2 else (0, len(sound))
        left, right = (round(at * _WIDE / len(sound)) for at in ends)
        stretch = shown.crop((left, 0, right, _HIGH))
        colour = Image.new("RGB", stretch.size, _colour(part))
        sheet.paste(Image.blend(stretch, colour, _opacity(part, largest)), (left, 0))
        draw.line((left, 0, left, _HIGH), fill=(205, 205, 205))
        start = lettering(part.piece.split("–")[0])
        draw.text((left + 2, _HIGH + 2), start.text, fill=_INK, font=start.font)
    return sheet


def grey_recording(sound: np.ndarray) -> np.ndarray:
    """Return a recording as grey values: the spectrum of log-mel frames, or the envelope of samples."""
    return _spectrum(sound) if sound.ndim == 2 else _envelope(sound)


def _spectrum(frames: np.ndarray) -> np.ndarray:
    """Return log-mel frames as grey values `[mels, frames]`, low bands below, loud ones dark."""
    values = frames.astype(np.float32).T[::-1]
    low, high = np.quantile(values, [0.02, 0.99])
    return np.asarray(
        255 - (values - low).clip(0, high - low) * (200 / max(high - low, 1e-6)), np.uint8
    )


def _envelope(samples: np.ndarray) -> np.ndarray:
    """Return samples as grey values `[height, width]`: dark between least and greatest of each column."""
    ends = np.linspace(0, len(samples), _WIDE + 1).astype(int)
    scale = max(1.0, float(np.abs(samples.astype(np.float32)).max()))
    middle = (np.arange(_HIGH) - _HIGH / 2) / (_HIGH / 2)
    pixels = np.full((_HIGH, _WIDE), 250, np.uint8)
    for column, (start, end) in enumerate(pairwise(ends)):
        piece = samples[start : max(end, start + 1)].astype(np.float32) / scale
        pixels[(middle >= piece.min() - 0.01) & (middle <= piece.max() + 0.01), column] = 60
    return pixels


def _colour(part: Share) -> tuple[int, int, int]:
    return _RAISED if part.share.value >= 0 else _LOWERED


def _opacity(part: Share, largest: float) -> float:
    share = _MOST * abs(part.share.value) / largest
    return share if part.surely else share * _FAINT


def _plain(name: str) -> str:
    """Return a name as a file may have it."""
    return re.sub(r"[^\w.+-]+", "_", name).strip("._") or "column"
