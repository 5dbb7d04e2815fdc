"""Numbers and dates in the flat view: values as they are laid out, NaN where missing."""

from __future__ import annotations

import numpy as np

from torso.columns.inputs.datetime import DatetimeInput
from torso.plain.flat._flattener import Arrays, Cells, Flattener, Measured, Piece, Values, widths

__all__ = ["NumbersFlattener"]

_OF_DATES = (
    "year",
    "in year sine",
    "in year cosine",
    "in week sine",
    "in week cosine",
    "in day sine",
)
_FAR = 20.0  # standard deviations
_TURNS = ("in year", "in week", "in day")


class NumbersFlattener(Flattener, form="numbers"):
    """Values, those beyond 20 spreads on a log scale; of dates also the position in year, week and day as one number each, which trees split at once."""

    def measure(self, cells: Cells) -> Measured:
        """Return values and mask, `[rows, features]`."""
        return cells.source.batch(cells.rows)

    def learn(self, measured: Measured) -> None:
        """Learn which columns have gaps, and where the dates are."""
        _, mask = measured
        self.first: list[int] = []  # feature that stands for its column
        self.dates: list[int] = []
        self.waves: list[int] = []  # sine and cosine of their positions
        self.means: list[float] = []
        self.stds: list[float] = []
        self.names, start = [], 0
        for (name, kind), count in zip(self.part.columns.items(), widths(self.part), strict=True):
            self.first.append(start)
            if isinstance(kind, DatetimeInput):
                self.dates.append(start)
                self.waves += range(start + 1, start + 7)
                self.means += kind.mean[1:]
                self.stds += kind.std[1:]
                self.names += [f"{name} {part}" for part in (*_OF_DATES, "in day cosine")]
            else:
                self.names += [name, *(f"{name} {part + 1}" for part in range(1, count))]
            start += count
        for start in self.dates:
            column = self.names[start].removesuffix(" year")
            self.names += [f"{column} {turn}" for turn in _TURNS]
        self.gappy = [self.first.index(at) for at in self.first if not mask[:, at].all()]
        self.width = len(self.gappy)

    def piece(self, measured: Measured) -> Piece:
        """Return the values; the sparse part says where a column has gaps."""
        values, mask = measured
        dense = np.where(mask, _squashed(values), np.float32(np.nan))
        if self.dates:
            dense = np.concatenate([dense, self._turns(dense)], axis=1)
        absent = ~mask[:, self.first]
        row, column = np.nonzero(absent[:, self.gappy])
        entries = row, column, np.ones(len(row), np.float32)
        return Piece(dense.astype(np.float32), entries, absent.sum(axis=1))

    def _turns(self, dense: np.ndarray) -> np.ndarray:
        """Return positions from 0 to 1 from their points on circles, `[rows, dates * 3]`."""
        means, stds = np.array(self.means), np.array(self.stds)
        points = dense[:, self.waves] * stds + means  # sines and cosines in turn
        turns: np.ndarray = np.arctan2(points[:, ::2], points[:, 1::2]) / (2 * np.pi)
        return np.round(turns % 1.0, 5) % 1.0

    def learnt(self) -> tuple[Values, Arrays]:
        """Return positions of columns, dates and gaps."""
        own: Values = {"first": self.first, "dates": self.dates, "gappy": self.gappy}
        return {**own, "waves": self.waves, "means": self.means, "stds": self.stds}, {}


def _squashed(values: np.ndarray) -> np.ndarray:
    """Return the values with those far out on a log scale: trees keep their order, linear models their sanity."""
    beyond = np.maximum(np.abs(values) - _FAR, 0)
    return np.asarray(np.clip(values, -_FAR, _FAR) + np.sign(values) * np.log1p(beyond))
