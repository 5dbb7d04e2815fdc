"""Numbers and dates as inputs: standardised by the training rows, missing where not finite."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.inputs._input import Input
from torso.columns.profile import FEW_WHOLE_NUMBERS, MOSTLY, Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource
from torso.tables.missing import may_mean_missing
from torso.tables.numerals import numbers_in
from torso.tables.table import Column

__all__ = ["DatetimeInput", "NumberInput"]

_BINS = 32
_CLIP = 20.0  # standard deviations; encoders read no further
_DATED = 0.95  # share of the texts that must be dates
_ISO_DATE = re.compile(
    r"\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_FAR = 1e6  # standard deviations; a wilder cell says no more, and might not fit float32


class _Standardised(Input):
    """Columns of floats, standardised. A subclass says how cells become floats."""

    quickly_learnt: ClassVar[bool] = True

    def __init__(self) -> None:
        self.mean: list[float] = []
        self.std: list[float] = []
        self.quantiles: list[list[float]] = []

    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float64 `[rows, features]`, NaN where missing."""
        raise NotImplementedError

    def fit(self, column: Column) -> None:
        """Learn mean, spread and quantiles."""
        values = self.floats(column, Reading())
        self.mean, self.std, self.quantiles = [], [], []
        for feature in values.T:
            known = feature[np.isfinite(feature)]
            mean = float(known.mean()) if len(known) else 0.0
            std = float(known.std()) if len(known) else 0.0
            std = std if std > 1e-12 * max(1.0, abs(mean)) else 1.0
            scaled = (known - mean) / std if len(known) else np.zeros(1)
            edges = _edges(scaled.clip(-_CLIP, _CLIP))
            self.mean.append(mean)
            self.std.append(std)
            self.quantiles.append([float(edge) for edge in edges])

    def state(self) -> dict[str, Any]:
        """Return mean, spread and quantiles of each feature."""
        return {"mean": self.mean, "std": self.std, "quantiles": self.quantiles}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back the statistics."""
        self.mean, self.std, self.quantiles = state["mean"], state["std"], state["quantiles"]

    def source(self, column: Column, reading: Reading) -> ArraySource:
        """Return standardised float32 `[rows, features]`."""
        values = self.floats(column, reading)
        mask = np.isfinite(values)
        scaled = (np.where(mask, values, 0.0) - np.array(self.mean)) / np.array(self.std)
        within = np.where(mask, scaled, 0.0).clip(-_FAR, _FAR)
        return ArraySource(within.astype(np.float32), mask)

    def offered(self) -> dict[str, Any]:
        """Offer quantiles, and a count of columns."""
        return {"quantiles": self.quantiles}


class NumberInput(
    _Standardised,
    name="number",
    form="numbers",
    encoder="piecewise",
    modality="numbers",
    rank=50,
):
    """A number. Infinite cells count as missing and are reported."""

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise numbers, and text that nearly always means one."""
        if not cells.is_number:
            return _text_of_numbers(cells) if cells.numeric_share >= MOSTLY else None
        if _counts_rows(cells):
            warning = "Counts the rows, each whole number once: it identifies a row and says nothing about a new one."
            return Guess(cls.name, "whole numbers, each once", (warning,), use=False)
        whole = all(float(value).is_integer() for value in cells.counts)
        if whole and cells.distinct <= FEW_WHOLE_NUMBERS:
            return Guess(
                cls.name,
                f"{cells.distinct} whole numbers, kept as numbers for their order; "
                "for names in disguise choose category",
            )
        return Guess(cls.name, "numbers")

    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return the numbers as one feature."""
        values = cells.numbers(column)
        for row in np.flatnonzero(np.isinf(values)):
            reading.skip(column, int(row), str(values[row]), "not a finite number")
        return values[:, None]


class DatetimeInput(
    _Standardised,
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
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise dates and times, also as ISO 8601 text."""
        if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
            return Guess(cls.name, "dates or times")
        if cells.is_text and cells.share(_ISO_DATE.fullmatch) >= _DATED:
            return Guess(cls.name, "text such as 2024-01-31 or 2024-01-31 12:00")
        return None

    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return `[rows, 7]`."""
        del reading
        moments = cells.timestamps(column)
        known = ~np.isnat(moments)
        safe = np.where(known, moments, np.datetime64("2000-01-01", "us"))
        days = (safe - np.datetime64("1970-01-05", "us")) / np.timedelta64(1, "D")  # from a Monday
        years = safe.astype("datetime64[Y]")
        in_year = (safe - years.astype("datetime64[us]")) / np.timedelta64(1, "D") / 365.2425
        waves = [turn for part in (in_year, days / 7, days) for turn in _circle(part)]
        features = np.stack([years.astype(int) + 1970 + in_year, *waves], axis=1)
        return np.where(known[:, None], features, np.nan)


def _text_of_numbers(cells: Profile) -> Guess:
    why = f"text of which {cells.numeric_share:.1%} are numbers"
    texts = cells.column.values.to_pylist()
    is_number = numbers_in(cells.column.values).is_valid().to_pylist()
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


def _counts_rows(cells: Profile) -> bool:
    """Return whether whole numbers run through the rows: each once, with hardly a gap."""
    rows = len(cells.column)
    if cells.distinct != rows or rows < 10 or not pa.types.is_int64(cells.type):
        return False
    ends = pc.min_max(cells.column.values).as_py()
    return bool(ends["max"] - ends["min"] < 1.2 * rows)


def _circle(turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    angle = 2 * np.pi * (turns % 1.0)
    return np.sin(angle), np.cos(angle)


def _edges(values: np.ndarray) -> np.ndarray:
    """Return bin edges `[_BINS + 1]`: quantiles in which no single value counts for more than one bin.

    Plain quantiles of a column that is 92 % zeros would put nearly all edges at zero and leave one bin for
    everything else.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= _BINS + 1:
        return np.pad(distinct, (0, _BINS + 1 - len(distinct)), mode="edge")
    weights = counts.astype(np.float64)
    for _ in range(50):  # capping shrinks the sum, and with it the cap; this settles quickly
        weights = np.minimum(weights, weights.sum() / _BINS)
    places = np.cumsum(weights) - weights / 2
    places = (places - places[0]) / (places[-1] - places[0])
    return np.asarray(
        distinct[np.searchsorted(places, np.linspace(0, 1, _BINS + 1)).clip(max=len(distinct) - 1)]
    )
