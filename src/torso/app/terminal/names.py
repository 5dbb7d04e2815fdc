"""Names of columns in narrow tables: they break where a reader would break them."""

from __future__ import annotations

import re

__all__ = ["in_lines"]


def in_lines(name: str, room: int) -> str:
    """Return a name in lines of whole words; a word that is too long loses its middle.

    >>> print(in_lines("Implicit_Emotion of the overwhelming", 9))
    Implicit_
    Emotion
    of the
    over…ming
    """
    lines = [""]
    for word in re.findall(r"[^\s._/:-]*[._/:-]?\s*", name):
        if len((lines[-1] + word).rstrip()) <= room:
            lines[-1] += word
            continue
        shown, half = word.rstrip(), (room - 1) // 2
        if len(shown) > room:
            shown = f"{shown[:half]}…{shown[len(shown) - (room - 1 - half) :]}"
        lines.append(shown + word[len(word.rstrip()) :])
    return "\n".join(line.rstrip() for line in lines if line)
