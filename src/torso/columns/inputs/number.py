"""Numbers as inputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from torso.columns import cells
from torso.columns.codes import identifies_rows, number_codes
from torso.columns.inputs._input import Suggestion
from torso.columns.inputs._standardised import Standardised
from torso.columns.media.files import MediaFiles
from torso.columns.profile import FEW_WHOLE_NUMBERS, MOSTLY, Guess, Profile, quoted
from torso.columns.reading import Reading
from torso.core.cures import setting
from torso.tables.missing import may_mean_missing
from torso.tables.numbers.finder import FoundNumbers
from torso.tables.numbers.number_format import NumberFormat
from torso.tables.table import Column

__all__ = ["DOUBT", "NO_NUMBER", "NumberInput"]

DOUBT = "leaves the decimal mark in doubt"
"""Words that tell of a decimal mark which no cell settles."""

NO_NUMBER = "no number; the first is"
"""Words that tell of cells which cannot be read; a fit tells of them once it has read them."""

_COMPOSED = re.compile(r"(?!.*[^\W\d_]{3})(?=.*[0-9])[\w./ -]+")
"""Digits with signs, or with at most two letters in a row, such as 208B, 007 and 12/3."""
_SLIPS = 3  # codes among numbers that may be slips of the keyboard
_READ = "Read as numbers: {}."
_OFTEN, _FEW_WORDS = (
    0.8,
    3,
)  # share of numbers beside at most so many different words for "no value"


class NumberInput(
    Standardised,
    name="number",
    form="numbers",
    encoder="piecewise",
    modality="numbers",
    rank=50,
):
    """A number, however it is written. Infinite cells count as missing and are reported.

    Args:
        decimal: the mark before decimals, where a cell such as 1,234 leaves a doubt.
        units: units that numbers are given in, each a feature of its own where there are several; sizes of one
            system, such as g and kg, are converted.
        forms: ways of writing that occur: limits, scales, ordinals, fractions, m:ss, h:mm, parts, ranges, brackets.
    """

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise numbers, and text that nearly always means one."""
        if not profile.is_number:
            return _text_of_numbers(profile)
        settings = profile.numbers.format.settings() if profile.numbers else {}
        warnings = tuple(_doubt(profile))
        if settings and any(isinstance(value, float) for value in profile.values):
            warnings = (_READ.format("a point between thousands"),)
        reason = identifies_rows(profile)
        if reason:
            warning = f"{reason}: it identifies a row and says nothing about a new one."
            return Guess(cls.name, "whole numbers, hardly one twice", (warning,), use=False)
        if number_codes(profile):
            return None
        whole = all(float(value).is_integer() for value in profile.counts)
        if whole and profile.distinct <= FEW_WHOLE_NUMBERS:
            return Guess(
                cls.name,
                f"{profile.distinct} whole numbers, kept as numbers for their order; "
                "if they name things, choose category",
                warnings,
                settings=settings,
            )
        return Guess(cls.name, "numbers", warnings, settings=settings)

    @classmethod
    def suggest(cls, profile: Profile, files: MediaFiles) -> Suggestion | None:  # noqa: ARG003
        """Suggest the format that the numbers are written in."""
        if profile.numbers is None or profile.numbers.format.is_plain:
            return None
        form = profile.numbers.format
        return Suggestion(form.settings(), form.describe())

    def __init__(
        self,
        decimal: Literal[".", ","] = ".",
        units: Sequence[str] = (),
        forms: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.format = NumberFormat.of(decimal, units, forms)

    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return the numbers, a feature per unit, and after them the widths of ranges, if any occur."""
        numbers = cells.amounts(column, reading, self.format)
        for row in np.flatnonzero(np.isinf(numbers.middle).any(axis=1)):
            cell = str(column.values[int(row)].as_py())
            reading.skip(column, int(row), cell, "not a finite number")
        if "ranges" in self.format.forms:
            return np.concatenate([numbers.middle, numbers.width], axis=1)
        return numbers.middle


def _text_of_numbers(profile: Profile) -> Guess | None:
    """Return the guess for text that mostly means numbers, and perhaps one or two words for "no value" besides."""
    seen = profile.numbers
    if seen is None:
        return None
    words = profile.words_among_numbers
    if profile.numeric_share < MOSTLY or _among_codes(seen):
        return None
    settings = seen.format.settings()
    if words:
        settings["missing"] = words
    why = (
        "text of nothing but numbers"
        if seen.share == 1
        else f"text of which {seen.share:.1%} are numbers"
    )
    warnings = [] if seen.format.is_plain else [_READ.format(seen.format.describe())]
    warnings += _doubt(profile)
    if words:
        warnings.append(f"{quoted(words)} among numbers counts as missing.")
    elif seen.unread:
        warnings.append(_unread(profile, seen))
    return Guess(NumberInput.name, why, tuple(warnings), settings=settings)


def _among_codes(seen: FoundNumbers) -> bool:
    """Return whether most of the other cells are codes, such as 208B among flight numbers: then all are names."""
    composed = [text for text in seen.unread if _COMPOSED.fullmatch(text)]
    return seen.format.is_plain and len(composed) > max(_SLIPS, len(seen.unread) / 2)


def _doubt(profile: Profile) -> list[str]:
    """Return the warning about a mark that may stand before decimals or between thousands, if there is one."""
    cell = profile.numbers.doubt if profile.numbers else ""
    if not cell:
        return []
    read, other = ("thousands", "decimals") if "," in cell else ("decimals", "thousands")
    cure = setting(f"inputs.{profile.column.name}.decimal", ",")
    return [f"{cell!r} {DOUBT}: it is read with {read}. If they are {other}: {cure}."]


def _unread(profile: Profile, seen: FoundNumbers) -> str:
    """Return the warning about cells that are no number."""
    column = profile.column
    known = seen.format.parse(column.values).known
    texts = column.values.to_pylist()
    bad = [
        row
        for row in np.flatnonzero(~known)
        if texts[row] is not None and not may_mean_missing(texts[row])
    ]
    if not bad:
        return f"{len(seen.unread)} distinct cells are {NO_NUMBER} {seen.unread[0]!r:.60}."
    first = f"{texts[bad[0]]!r:.60} in row {bad[0] + 1}"
    return (
        f"{len(bad)} of {len(texts)} cells {'is' if len(bad) == 1 else 'are'} {NO_NUMBER} {first}."
    )
