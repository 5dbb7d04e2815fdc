"""Dates and times as inputs: the year, and the position in year, week and day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from torso.columns.dates import are_moments, century_of, moments, spelling_of, told_formats
from torso.columns.inputs._input import State, Suggestion
from torso.columns.inputs._standardised import Standardised
from torso.columns.media.files import MediaFiles
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.tables.dates import ISO, PIVOT, DateFormat, FoundDates
from torso.tables.dates.order import has_short_years
from torso.tables.table import Column

__all__ = ["DatetimeInput"]

_UTC = ("UTC", "GMT", "Etc/UTC", "Z", "+00:00")


class DatetimeInput(
    Standardised,
    name="datetime",
    form="numbers",
    encoder="piecewise",
    modality="numbers",
    rank=30,
):
    """A date or time, as seven numbers: the year with its fraction, and where month, week and day stand.

    The year axis carries trends; sine and cosine of the position within year, week and day carry seasons. A period
    is its first day, a time of day a moment of one day, and times that name their zone are those of UTC.

    Args:
        format: how texts or numbers spell the dates: `%d.%m.%Y` as `strptime` has it, several of these, `epoch_s`,
            `epoch_ms`, `epoch_us`, `epoch_ns` for times since 1970, or `excel`; found in the training rows if open.
        pivot: first of the hundred years that years of two digits stand for; 1940, or where a gap in them is, if open.
    """

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise dates and times, also in texts and numbers that spell them one way or a few."""
        stored = profile.column.values.type
        if pa.types.is_time(stored):
            return Guess(cls.name, "times of day")
        if are_moments(stored):
            zone = getattr(stored, "tz", None)
            told = (
                ()
                if zone is None or zone in _UTC
                else (f"Times are converted to UTC from {zone}.",)
            )
            return Guess(cls.name, "dates or times", told)
        dates = profile.dates
        if dates is None:
            return None
        return Guess(cls.name, _why(dates), dates.told, settings=_settings(dates))

    @classmethod
    def suggest(cls, profile: Profile, files: MediaFiles) -> Suggestion | None:
        """Suggest the format of a column that the user calls one of dates."""
        del files
        if profile.dates is not None:
            return None  # recognised
        dates = spelling_of(profile.column, asked=True)
        return None if dates is None else Suggestion(_settings(dates), _why(dates))

    def __init__(self, format: str | list[str] | None = None, pivot: int | None = None) -> None:
        super().__init__()
        self.format = format
        self.pivot = pivot
        self.spelling = DateFormat(_listed(format) if format else (ISO,), pivot or PIVOT)

    def fit(self, column: Column) -> None:
        """Learn the spelling where it is open, and centre and spread."""
        if self.format is None:
            dates = spelling_of(column, asked=True)
            self.spelling = DateFormat() if dates is None else dates.spelling
        pivot = self.pivot or century_of(column, self.spelling)
        self.spelling = DateFormat(self.spelling.formats, pivot)
        super().fit(column)

    def state(self) -> State:
        """Return the fitted state as JSON values."""
        spelling = {"formats": list(self.spelling.formats), "pivot": self.spelling.pivot}
        return {**super().state(), **spelling}

    def restore(self, state: State) -> None:
        """Restore the values of `state`, which an old run keeps without a spelling."""
        super().restore(state)
        self.spelling = DateFormat(tuple(state.get("formats", (ISO,))), state.get("pivot", PIVOT))

    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return `[rows, 7]`."""
        when = moments(column, self.spelling, reading)
        known = ~np.isnat(when)
        # Any date stands in for a missing one, which is NaN in the end.
        safe = np.where(known, when, np.datetime64("2000-01-01", "us"))
        days = (safe - np.datetime64("1970-01-05", "us")) / np.timedelta64(1, "D")  # from a Monday
        years = safe.astype("datetime64[Y]")
        in_year = (safe - years.astype("datetime64[us]")) / np.timedelta64(1, "D") / 365.2425
        # As points on circles, the last day of a year is next to the first.
        waves = [wave for turns in (in_year, days / 7, days) for wave in _circle(turns)]
        features = np.stack([years.astype(int) + 1970 + in_year, *waves], axis=1)
        return np.where(known[:, None], features, np.nan)


def _listed(format: str | Sequence[str]) -> tuple[str, ...]:
    return (format,) if isinstance(format, str) else tuple(format)


def _settings(dates: FoundDates) -> dict[str, object]:
    """Return the settings under which a column's dates are read, where they are not the defaults."""
    formats = list(dates.spelling.formats)
    settings: dict[str, object] = {"format": formats[0] if len(formats) == 1 else formats}
    short = any(has_short_years(form) for form in formats)
    return settings | ({"pivot": dates.spelling.pivot} if short else {})


def _why(dates: FoundDates) -> str:
    share = "" if dates.share == 1 else f"{dates.share:.1%} "
    return f"{share}dates or times as {told_formats(dates.spelling.formats)}"


def _circle(turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    angle = 2 * np.pi * (turns % 1.0)
    return np.sin(angle), np.cos(angle)
