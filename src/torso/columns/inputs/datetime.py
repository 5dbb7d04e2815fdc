"""Dates and times as inputs: the year, and the position in year, week and day."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.inputs._standardised import Standardised
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.tables.table import Column

__all__ = ["DatetimeInput"]

_DATED = 0.95  # share of the texts that must be dates
_ISO_DATE = re.compile(
    r"\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)


class DatetimeInput(
    Standardised,
    name="datetime",
    form="numbers",
    encoder="piecewise",
    modality="numbers",
    rank=30,
):
    """A date or time, as seven numbers: the year with its fraction, and where month, week and day stand.

    The year axis carries trends; sine and cosine of the position within year, week and day carry seasons.
    """

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise dates and times, also as ISO 8601 text."""
        if pa.types.is_timestamp(profile.type) or pa.types.is_date(profile.type):
            return Guess(cls.name, "dates or times")
        if profile.is_text and profile.share(_ISO_DATE.fullmatch) >= _DATED:
            return Guess(cls.name, "text such as 2024-01-31 or 2024-01-31 12:00")
        return None

    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return `[rows, 7]`."""
        moments = cells.timestamps(column, reading)
        known = ~np.isnat(moments)
        # Any date stands in for a missing one, which is NaN in the end.
        safe = np.where(known, moments, np.datetime64("2000-01-01", "us"))
        days = (safe - np.datetime64("1970-01-05", "us")) / np.timedelta64(1, "D")  # from a Monday
        years = safe.astype("datetime64[Y]")
        in_year = (safe - years.astype("datetime64[us]")) / np.timedelta64(1, "D") / 365.2425
        # As points on circles, the last day of a year is next to the first.
        waves = [wave for turns in (in_year, days / 7, days) for wave in _circle(turns)]
        features = np.stack([years.astype(int) + 1970 + in_year, *waves], axis=1)
        return np.where(known[:, None], features, np.nan)


def _circle(turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    angle = 2 * np.pi * (turns % 1.0)
    return np.sin(angle), np.cos(angle)
