"""The names of the contestants beside Torso."""

from __future__ import annotations

__all__ = ["FAMILIES", "PLAIN", "RIVALS", "family"]

FAMILIES = ("constant", "linear", "hgb", "lightgbm", "forest")
"""Plain contestants; the best of a family's variants counts, in favour of the family."""
PLAIN = (
    "constant",
    "median",
    *(
        f"{family}{log}{media}"
        for family in FAMILIES[1:]
        for log in ("", "_log")
        for media in ("", "_nomedia")
    ),
)
"""All plain contestants; not each answers every target."""
RIVALS = ("autogluon_medium", "autogluon_good")


def family(contestant: str) -> str:
    """Return the family of a plain contestant: its name without `_log` and `_nomedia`."""
    start = contestant.split("_")[0]
    return "constant" if start == "median" else start
