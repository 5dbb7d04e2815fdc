"""Times until an event, some of them censored, as a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.errors import ConfigError, DataError
from torso.core.spec import Settings
from torso.tables.numbers.number_format import NumberFormat
from torso.tables.table import Column
from torso.tasks._base.labels import Labels
from torso.tasks._base.numbers import (
    known_near,
    named,
    number_settings,
    without_far,
)
from torso.tasks._base.target import Facts, Target

__all__ = ["SurvivalTarget"]

_PIECES = (10, 30)  # of the time axis at least and at most,
_EVENTS = 100  # each with that many of the training events
_SHORTEST, _LONGEST = 1e-30, 1e30  # times with which float32 computes
_HAPPENED, _CENSORED = ("1", "true", "yes"), ("0", "false", "no")


class SurvivalTarget(Target, name="survival", head="weibull"):
    """A time until an event or until its censoring; never inferred, always named by the user.

    The target's column holds the time, above 0, in any unit; the column `event` says how it ended: 1, true or yes
    where the event happened, 0, false or no where it had not happened by then (the label is "censored"). A row
    without either has no label; a time that is not above 0, or is far from all others, is reported and counts as
    missing. The column `event` is a part of the label and never an input.

    Args:
        event: name of the column that says whether the event happened.
        horizons: times, in the same unit, at which the probability of no event so far is reported.
        decimal: as for a number among the inputs, of the time.
        units: as there; answers come in the first.
        forms: as there; a range is its middle.
    """

    learned = ("log_mean", "log_std", "ends", "hazards", "reach")
    label = "quantity"
    estimator = "regressor"

    def __init__(
        self,
        event: str = "",
        horizons: Sequence[float] = (),
        *,
        decimal: Literal[".", ","] = ".",
        units: Sequence[str] = (),
        forms: Sequence[str] = (),
    ) -> None:
        if not event:
            raise ConfigError(
                "A survival target should name the column that says whether the event happened. Found none: give "
                "--set targets.TIME.event=COLUMN; where every row has the event, say so in a column of ones."
            )
        self.format = NumberFormat.of(decimal, units, forms)
        self.event = str(event)
        self.horizons = [float(horizon) for horizon in horizons]
        if not all(horizon > 0 for horizon in self.horizons):
            raise ValueError(f"Parameter `horizons` should be above 0. Found {self.horizons}.")
        self.log_mean = 0.0
        self.log_std = 1.0
        self.ends: list[float] = []
        self.hazards: list[float] = []
        self.reach: list[float] | None = None

    @property
    def others(self) -> tuple[str, ...]:
        """The column of events."""
        return (self.event,)

    @classmethod
    def suggest(cls, cells: Profile) -> Settings:
        """Suggest the format that the times are written in."""
        return number_settings(cells)

    def fit(self, column: Labels) -> None:
        """Learn where the times lie, on a logarithmic scale.

        Raises:
            DataError: no label, no event, or one time everywhere.
        """
        self.reach, reading = None, Reading()
        self.reach = known_near(self.encode(column, Reading())[:, 0].astype(np.float64))[1]
        time, event = self.encode(column, reading).astype(np.float64).T
        happened = time[event == 1]
        if not len(happened) or len(np.unique(time[~np.isnan(time)])) < 2:
            first = next(iter(reading.log.skipped), None)
            strange = (
                f" The first cell that is none: {first.cell!r}, {first.reason}." if first else ""
            )
            raise DataError(
                f"{column.table}, column {column.name!r}: a survival target should have at least two times and one "
                f"event among the training rows. Found {int((~np.isnan(time)).sum())} labels, of which "
                f"{len(happened)} are events by the column {self.event!r}. Leave it out of the targets."
                + strange
            )
        logs = np.log(time[~np.isnan(time)])
        self.log_mean, self.log_std = float(logs.mean()), float(logs.std())
        pieces = int(np.clip(len(happened) // _EVENTS, *_PIECES))
        shares = np.linspace(0.0, 1.0, pieces + 1)[1:-1]
        ends = np.unique(np.quantile(happened, shares))
        self.ends = ends[ends < time[~np.isnan(time)].max()].tolist()
        self.hazards = _hazards(time, event, np.array([0.0, *self.ends, np.inf]))

    def encode(self, column: Labels, reading: Reading) -> np.ndarray:
        """Return float32 `[rows, 2]`, the time and 1 for an event or 0 for none, NaN where missing."""
        if not column.others:
            if column.values.null_count == len(column):
                return self.missing(len(column))
            raise column.error(0, f"expected a time and an event, found {column.values.type} alone")
        time, (event,) = column, column.others
        out = np.stack([cells.numbers(time, reading, self.format), _events(event, reading)], axis=1)
        with np.errstate(invalid="ignore"):
            impossible = ~np.isnan(out[:, 0]) & ~((out[:, 0] > 0) & np.isfinite(out[:, 0]))
            strange = ~impossible & ((out[:, 0] < _SHORTEST) | (out[:, 0] > _LONGEST))
        for row in np.flatnonzero(impossible):
            reading.skip(time, int(row), f"{out[row, 0]:g}", "not a time above 0")
        for row in np.flatnonzero(strange):
            why = f"not between {_SHORTEST:g} and {_LONGEST:g}, as far as float32 goes"
            reading.skip(time, int(row), f"{out[row, 0]:g}", why)
        out[impossible | strange | np.isnan(out).any(axis=1)] = np.nan
        out[:, 0] = without_far(out[:, 0], self.reach, time, reading)
        out[np.isnan(out[:, 0])] = np.nan
        return out.astype(np.float32)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full((rows, 2), np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer the scale of the times, the ends of the pieces, and the horizons."""
        state = self.state()
        del state["reach"]
        return {**state, "horizons": self.horizons}

    def restore(self, state: Facts) -> None:
        """Take back the facts; those of early runs lack the last."""
        super().restore({"reach": None, **state})

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, the median time, the ends of its interval, and `task_survival_H` for each horizon."""
        return named(task, {"": prediction, **details})


def _hazards(time: np.ndarray, event: np.ndarray, edges: np.ndarray) -> list[float]:
    """Return events per unit of time in each piece; a piece without an event counts as having half of one."""
    known = ~np.isnan(time)
    time, happened = time[known], time[known & (event == 1)]
    spent = (np.clip(time[:, None], edges[:-1], edges[1:]) - edges[:-1]).sum(axis=0)
    at = np.searchsorted(edges, happened) - 1
    counts = np.bincount(at, minlength=len(edges) - 1)
    return [float(hazard) for hazard in np.maximum(counts, 0.5) / spent]


def _events(column: Column, reading: Reading) -> np.ndarray:
    """Return 1 for an event, 0 for none, NaN where missing."""
    words = pc.utf8_lower(cells.texts(column))
    out = np.full(len(column), np.nan)
    for value, signs in ((1.0, _HAPPENED), (0.0, _CENSORED)):
        said = pc.is_in(words, value_set=pa.array(signs, pa.large_string()))
        out[said.to_numpy(zero_copy_only=False)] = value
    strange = np.isnan(out) & words.is_valid().to_numpy(zero_copy_only=False)
    expected = "1, true or yes for an event, 0, false or no for none"
    reading.unreadable(column, np.flatnonzero(strange), expected)
    return out
