"""Letters of a picture's caption, in the first font that has them all.

Pillow's own font has Latin letters alone; for others, as those of 中文, fonts of the system are tried.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

__all__ = ["NO_FONT", "Lettering", "lettering"]

NO_FONT = "?: letters of which no font is installed here, such as Noto Sans CJK"
_SIZE = 13
_NO_LETTER = "\uffff"
"""No letter by definition, so a font draws its box for it."""
_INSTALLED = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSerifCJK-Regular.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "PingFang.ttc",  # macOS
    "Hiragino Sans GB.ttc",
    "STHeiti Light.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",  # Windows
    "simsun.ttc",
    "malgun.ttf",
    "segoeui.ttf",
)
"""Files that Pillow looks for in the system's folders of fonts."""


@dataclass(frozen=True)
class Lettering:
    """A text as it can be drawn.

    Attributes:
        text: with `?` for letters that no font has.
        font: that has all others.
        whole: False if a letter is missing.
    """

    text: str
    font: FreeTypeFont | ImageFont
    whole: bool = True


def lettering(text: str, width: float = math.inf) -> Lettering:
    """Return a text with the first font that has all its letters; without any, with `?` for those that are missing.

    Args:
        text: a line.
        width: in pixels, at which it is cut.
    """
    fonts = (font for name in ("", *_INSTALLED) if (font := _font(name)) is not None)
    for font in fonts:
        if not _missing(text, font):
            return Lettering(_cut(text, font, width), font)
    own = _font("")
    assert own is not None
    missing = _missing(text, own)
    shown = "".join("?" if letter in missing else letter for letter in text)
    return Lettering(_cut(shown, own, width), own, whole=False)


def _cut(text: str, font: FreeTypeFont | ImageFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


@lru_cache
def _font(name: str) -> FreeTypeFont | ImageFont | None:
    """Return a font of the system, or Pillow's own for an empty name; None where it is not installed."""
    from PIL import ImageFont

    if not name:
        return ImageFont.load_default(size=_SIZE)
    with suppress(OSError):
        return ImageFont.truetype(name, _SIZE)
    return None


def _missing(text: str, font: FreeTypeFont | ImageFont) -> set[str]:
    """Return the letters for which a font draws its box."""
    box = bytes(font.getmask(_NO_LETTER))
    return {letter for letter in set(text) if letter.strip() and bytes(font.getmask(letter)) == box}
