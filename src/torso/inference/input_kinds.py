"""The rules that guess what kind of input a column is; the first that fits wins (see `torso.inference.report`)."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.media.audio import is_audio
from torso.columns.media.images import is_image
from torso.columns.media.videos import is_video
from torso.inference.profile import MARKERS, Profile, quoted
from torso.tables.numerals import numbers_in

__all__ = [
    "MAX_CLASSES_OF_NUMBERS",
    "MEDIA",
    "NUMERIC",
    "Guess",
    "as_lists",
    "dates",
    "guess_input",
    "lists_of_numbers",
    "numbers",
    "two_values",
]

IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
SOUNDS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff")
VIDEOS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi")
MEDIA = {"image": (is_image, IMAGES), "audio": (is_audio, SOUNDS), "video": (is_video, VIDEOS)}
ISO_DATE = re.compile(
    r"\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
COMPOSED = re.compile(r"[0-9_]|[A-Za-z]-[A-Za-z]|@")
MAX_CLASSES_OF_NUMBERS = 20
LISTS_PARSED = 500
NUMERIC, LISTED, DATED, FILED = 0.9, 0.9, 0.95, 0.8  # shares of the cells that decide


@dataclass(frozen=True)
class Guess:
    """A kind, the evidence for it, and what speaks against using the column."""

    kind: str
    why: str
    warnings: tuple[str, ...] = ()
    use: bool = True


def guess_input(cells: Profile) -> Guess:
    """Return the kind of input that the first fitting rule sees."""
    if not cells.values:
        return Guess("", "no cell holds a value", use=False)
    rules = (_media, lists_of_numbers, dates, two_values, numbers, _texts)
    guess = next((guess for rule in rules if (guess := rule(cells)) is not None), None)
    if guess is None:
        return Guess("", f"cells of type {cells.type} are no kind of input", use=False)
    if len(cells.counts) == 1 and cells.distinct == 1 and guess.kind:
        said = f"Every cell that has a value says {cells.example!r}: nothing to learn from."
        return Guess(guess.kind, f"constant; {guess.why}", (said,), use=False)
    return guess


def _media(cells: Profile) -> Guess | None:
    if pa.types.is_large_binary(cells.type):
        for kind, (begins, _) in MEDIA.items():
            if cells.share(begins) >= 0.5:
                return Guess(kind, f"bytes that begin like {kind} files")
        return Guess("", "bytes of no known image, audio or video format", use=False)
    if not cells.is_text:
        return None
    for kind, (_, endings) in MEDIA.items():
        ending_so = sum(text.lower().endswith(endings) for text in cells.values)
        if ending_so >= FILED * len(cells.values):
            ending = "." + cells.values[0].rsplit(".", 1)[-1].lower()
            return Guess(kind, f"names of {kind} files such as {ending}")
    return None


def lists_of_numbers(cells: Profile) -> Guess | None:
    """Return vector or sequence, or what is wrong with the lists, or None if the cells are none."""
    lists = as_lists(cells)
    if lists is None:
        return None
    written = "JSON lists" if cells.is_text else "lists"
    filled = [cell for cell in lists if cell]
    if not filled:
        return Guess("", "only empty lists", use=False)
    if all(_is_numbers(cell) for cell in filled):
        lengths = Counter(map(len, filled))
        length, often = lengths.most_common(1)[0]
        if often >= LISTED * len(filled):
            odd = len(filled) - often
            warnings = (f"{odd} of {len(filled)} lists are not of length {length}.",) if odd else ()
            return Guess("vector", f"{written} of {length} numbers", warnings)
        return Guess(
            "",
            f"{written} of numbers of {len(lengths)} different lengths: "
            "for a sequence, make each step a list of its own ([[1], [2]])",
            use=False,
        )
    steps = [step for cell in filled for step in cell if step is not None]
    if steps and all(isinstance(step, list) and _is_numbers(step) for step in steps):
        widths = Counter(map(len, steps))
        if len(widths) == 1:
            return Guess("sequence", f"{written} of steps of {next(iter(widths))} numbers")
        return Guess("", f"{written} of steps of {len(widths)} different widths", use=False)
    return Guess("", f"{written} of something other than numbers", use=False)


def as_lists(cells: Profile) -> list[list[Any]] | None:
    """Return the cells as lists, or None if they are none."""
    if pa.types.is_list(cells.type):
        return cells.values
    if not cells.is_text or cells.share(lambda text: text.startswith("[")) < LISTED:
        return None
    lists = [_json_list(text) for text in cells.values[:LISTS_PARSED]]
    good = [cell for cell in lists if cell is not None]
    return good if len(good) >= LISTED * len(lists) else None


def _json_list(text: str) -> list[Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def _is_numbers(cell: list[Any]) -> bool:
    return all(isinstance(item, int | float) or item is None for item in cell)


def dates(cells: Profile) -> Guess | None:
    """Return datetime if the cells are dates or times."""
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        return Guess("datetime", "dates or times")
    if cells.is_text and cells.share(ISO_DATE.fullmatch) >= DATED:
        return Guess("datetime", "text such as 2024-01-31 or 2024-01-31 12:00")
    return None


def two_values(cells: Profile) -> Guess | None:
    """Return binary if the cells are true/false or two values."""
    if pa.types.is_boolean(cells.type):
        return Guess("binary", "true or false")
    if (
        len(cells.counts) == 2
        and cells.distinct - len(cells.markers) <= 2
        and len(cells.values) > 2
    ):
        return Guess("binary", f"two values: {quoted(sorted(cells.counts, key=str))}")
    return None


def numbers(cells: Profile) -> Guess | None:
    """Return number if the cells are numbers, or text that nearly always means one."""
    if cells.is_number:
        if _counts_rows(cells):
            said = "Counts the rows, each whole number once: it identifies a row and says nothing about a new one."
            return Guess("number", "whole numbers, each once", (said,), use=False)
        few = cells.distinct <= MAX_CLASSES_OF_NUMBERS and all(
            float(v).is_integer() for v in cells.counts
        )
        if few:
            return Guess(
                "number",
                f"{cells.distinct} whole numbers, kept as numbers for their order; "
                "for names in disguise choose category",
            )
        return Guess("number", "numbers")
    if cells.numeric_share < NUMERIC:
        return None
    why = f"text of which {cells.numeric_share:.1%} are numbers"
    texts = cells.column.values.to_pylist()
    held = numbers_in(cells.column.values).is_valid().to_pylist()
    bad = [
        row
        for row, text in enumerate(texts)
        if text is not None and not held[row] and text.lower() not in MARKERS
    ]
    if not bad:
        return Guess("number", why)
    first = f"the first is {texts[bad[0]]!r:.60} in row {bad[0] + 1}"
    return Guess("number", why, (f"{len(bad)} of {len(texts)} cells are no number; {first}.",))


def _counts_rows(cells: Profile) -> bool:
    """Whether whole numbers run through the rows: every one once, with hardly a gap."""
    if (
        cells.distinct != len(cells.column)
        or len(cells.column) < 10
        or not pa.types.is_int64(cells.type)
    ):
        return False
    ends = pc.min_max(cells.column.values).as_py()
    return bool(ends["max"] - ends["min"] < 1.2 * len(cells.column))


def _texts(cells: Profile) -> Guess | None:
    if not cells.is_text:
        return None
    often = 5 if len(cells.values) >= 100 else 2
    shared = sum(count for count in cells.counts.values() if count >= often) / len(cells.values)
    words = sum(len(text.split()) for text in cells.counts) / len(cells.counts)
    sentences = words > 4 and len(cells.counts) > 20
    if shared >= 0.8 and not sentences:
        return Guess("category", f"{cells.distinct} values that repeat")
    composed = sum(1 for text in cells.counts if " " not in text and COMPOSED.search(text)) / len(
        cells.counts
    )
    if composed >= 0.8 or _is_hash(cells):
        if len(cells.counts) < 0.9 * len(cells.values):
            return Guess("category", f"{cells.distinct} codes that repeat now and then")
        said = "Nearly every row has a code of its own: it identifies a row and says nothing about a new one."
        return Guess("text", "codes, hardly one twice", (said,), use=False)
    return Guess("text", f"{cells.distinct} texts of {words:.1f} words on average")


def _is_hash(cells: Profile) -> bool:
    """Whether all values are long words of one length over a plain alphabet."""
    lengths = {len(text) for text in cells.counts}
    return (
        len(lengths) == 1
        and lengths.pop() >= 16
        and all(t.isascii() and t.isalnum() for t in cells.counts)
    )
