"""Numbers and dates as inputs: standardised by the training rows, missing where not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from torso.columns import cells
from torso.columns.inputs._input import Input
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource
from torso.tables.table import Column

__all__ = ["DatetimeInput", "NumberInput"]

_BINS = 32
_CLIP = 20.0  # standard deviations; encoders read no further
_FAR = 1e6  # standard deviations; a wilder cell says no more, and might not fit float32


class _Standardised(Input):
    """Columns of floats, standardised; what a subclass must say is how cells become floats."""

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
    _Standardised, name="number", form="numbers", encoder="piecewise", modality="numbers"
):
    """A number. Infinite cells count as missing and are reported."""

    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return the numbers as one feature."""
        values = cells.numbers(column)
        for row in np.flatnonzero(np.isinf(values)):
            reading.skip(column, int(row), str(values[row]), "not a finite number")
        return values[:, None]


class DatetimeInput(
    _Standardised, name="datetime", form="numbers", encoder="piecewise", modality="numbers"
):
    """A date or time, as seven numbers: the year with its fraction, and where month, week and day stand.

    The year axis carries trends; sine and cosine of the position within year, week and day carry seasons.
    """

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
