"""Terminals that cannot show every character: a stand-in for each, instead of a stack trace."""

from __future__ import annotations

import codecs
import io
import sys
from unicodedata import normalize

__all__ = ["show_every_character"]

_HANDLER = "torso.look_alike"
_LOOK_ALIKES = {
    **dict(zip("▁▂▃▄▅▆▇█", "12345678", strict=True)),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╞╡╪", "+"),
    **dict.fromkeys("─━═–—−╴╶╸╺╌┄╍", "-"),
    **dict.fromkeys("│┃║╎╵╷", "|"),
    "Δ": "d",
    "·": ".",
    "•": "*",
    "→": "->",
    "×": "x",
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
}


def show_every_character() -> None:
    """Let standard output and errors print a look-alike where their encoding lacks a character."""
    codecs.register_error(_HANDLER, _look_alike)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors=_HANDLER)


def _look_alike(error: UnicodeError) -> tuple[str, int]:
    """Return the stand-in for characters that an encoding lacks, and where to go on.

    >>> "R² −1 ▁█ 名".encode("ascii", _HANDLER) if show_every_character() is None else b""
    b'R2 -1 18 ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(map(_in_ascii, wrong)), error.end


def _in_ascii(character: str) -> str:
    known = _LOOK_ALIKES.get(character) or normalize("NFKD", character)
    return known.encode("ascii", "ignore").decode() or "?"
