"""Numbers as inputs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.inputs._standardised import Standardised
from torso.columns.profile import FEW_WHOLE_NUMBERS, MOSTLY, Guess, Profile
from torso.columns.reading import Reading
from torso.tables.missing import may_mean_missing
from torso.tables.numerals import as_numbers, numbers_in
from torso.tables.table import Column

__all__ = ["NumberInput"]


class NumberInput(
    Standardised,
    name="number",
    form="numbers",
    encoder="piecewise",
    modality="numbers",
    rank=50,
):
    """A number. Infinite cells count as missing and are reported."""

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise numbers, and text that nearly always means one."""
        if not profile.is_number:
            return _text_of_numbers(profile) if profile.numeric_share >= MOSTLY else None
        if _counts_rows(profile):
            warning = "Counts the rows, each whole number once: it identifies a row and says nothing about a new one."
            return Guess(cls.name, "whole numbers, each once", (warning,), use=False)
        whole = all(float(value).is_integer() for value in profile.counts)
        if whole and profile.distinct <= FEW_WHOLE_NUMBERS:
            return Guess(
                cls.name,
                f"{profile.distinct} whole numbers, kept as numbers for their order; "
                "for names in disguise choose category",
            )
        return Guess(cls.name, "numbers")

    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return the numbers as one feature."""
        values = cells.numbers(column, reading)
        for row in np.flatnonzero(np.isinf(values)):
            reading.skip(column, int(row), str(values[row]), "not a finite number")
        return values[:, None]


def _text_of_numbers(profile: Profile) -> Guess:
    why = f"text of which {profile.numeric_share:.1%} are numbers"
    texts = profile.column.values.to_pylist()
    is_number = numbers_in(profile.column.values).is_valid().to_pylist()
    bad = [
        row
        for row, text in enumerate(texts)
        if text is not None and not is_number[row] and not may_mean_missing(text)
    ]
    if not bad:
        return Guess(NumberInput.name, why)
    first = f"the first is {texts[bad[0]]!r:.60} in row {bad[0] + 1}"
    warning = f"{len(bad)} of {len(texts)} cells are no number; {first}."
    return Guess(NumberInput.name, why, (warning,))


def _counts_rows(profile: Profile) -> bool:
    """Return whether whole numbers run through the rows: each once, with hardly a gap."""
    rows = len(profile.column)
    if profile.distinct != rows or rows < 10 or not pa.types.is_int64(profile.type):
        return False
    values = profile.column.values
    whole = as_numbers(values) if pa.types.is_large_string(values.type) else values
    if not pa.types.is_int64(whole.type):
        return False
    ends = pc.min_max(whole).as_py()
    return bool(ends["max"] - ends["min"] < 1.2 * rows)
