"""Modalities that are kept, in words."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["kept_text"]


def kept_text(kept: Sequence[str], modalities: Sequence[str]) -> str:
    """Return the modalities that are kept, by those that are not where these are fewer.

    >>> kept_text(["a", "b", "d"], ["a", "b", "c", "d"]), kept_text(["a", "b"], ["a", "b"]), kept_text(["b"], ["a", "b"])
    ('all but c', 'all', 'b')
    """
    absent = [name for name in modalities if name not in kept]
    if not absent:
        return "all"
    return f"all but {', '.join(absent)}" if len(absent) < len(kept) else ", ".join(kept)
