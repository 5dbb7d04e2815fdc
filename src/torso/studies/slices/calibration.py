"""Calibration of a task: does a confidence of 0.8 mean right in eight of ten, does an interval of 90 % hold nine of ten?

The expected calibration error is never zero by chance, and the more bins the larger it is. So it stands beside the error that
a perfectly calibrated run would show on as many rows: labels are drawn from the confidences themselves (consistency
resampling, Bröcker and Smith, "Increasing the Reliability of Reliability Diagrams", Weather and Forecasting 22, 2007). Bins hold
as many rows each, as in Nguyen and O'Connor (https://arxiv.org/abs/1508.05154).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from torso.core.whole_files import Json
from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.estimate import Estimate
from torso.evaluation.weighted import Array, Floats
from torso.runs.report.held_out import TaskAnswers
from torso.studies.slices.confusion import chosen_classes

__all__ = ["Bin", "Calibration", "calibration_of"]

_BINS = 10
_LEAST = 20
"""Labelled rows of a bin, at least."""
_DRAWS = 1000
_AT_ONCE = 2**22
"""Numbers that are drawn at once: a hundred thousand rows take 32 MiB, not 800."""
_SURE = 0.05
_ONE_SPREAD = 0.6827
"""Share of labels that lie within one spread of the answer, by the heads' definition of it."""
_QUANTILE = "quantile_"
_SCORE = 1.959964  # of a normal distribution, 97.5 %


@dataclass(frozen=True)
class Bin:
    """Rows of similar confidence, or of similar answers.

    Attributes:
        low, high: ends of the bin: confidences of a class, or answers of a quantity.
        rows: their number.
        said: mean confidence; of intervals the promised share.
        held: share of right answers, or of labels inside the intervals, with a 95 % interval (Wilson).
    """

    low: float
    high: float
    rows: int
    said: float
    held: Estimate


@dataclass(frozen=True)
class Calibration:
    """Calibration of one task.

    Attributes:
        of: `confidence` of the answered class, or `intervals` of a quantity.
        labels: rows that it is about.
        error: mean distance of said and held over the rows of the bins (ECE, expected calibration error).
        by_chance: mean error of a perfectly calibrated run on as many rows.
        limit: error that such a run exceeds in 5 % of cases.
        gap: mean of the shares that are said minus those that are held, with a 95 % interval: above zero, too sure.
        p: chance of so large a gap, to either side, in a perfectly calibrated run.
        bins: of as many rows each.
        levels: of a quantity, each promised share of labels with the share that was held: the run's interval, answer plus and
            minus the spread (68 %), and pairs of quantiles.
        wider: intervals may hold more than they promise, as those of whole numbers must.
    """

    of: str
    labels: int
    error: float
    by_chance: float
    limit: float
    gap: Estimate
    p: float
    bins: tuple[Bin, ...]
    levels: tuple[tuple[float, Estimate], ...] = ()
    wider: bool = False

    @property
    def debiased(self) -> float:
        """The error without the part that chance explains, at least 0."""
        return max(0.0, self.error - self.by_chance)

    @property
    def verdict(self) -> str:
        """Return `too few`, `no evidence against it`, `too sure`, `not sure enough` or `uneven`."""
        if self.labels < _LEAST:
            return "too few"
        # Answers that are all right have no spread, so the interval alone would call them too unsure.
        if self.p < _SURE and not self.gap.low <= 0 <= self.gap.high:
            if self.gap.value > 0:
                return "too sure"
            return "no evidence against it" if self.wider else "not sure enough"
        return "uneven" if self.error > self.limit and not self.wider else "no evidence against it"

    @classmethod
    def from_dict(cls, saved: Json) -> Calibration:
        """Return the calibration that `asdict` wrote."""
        bins = tuple(
            Bin(**{**own, "held": Estimate.from_dict(own["held"])}) for own in saved["bins"]
        )
        numbers = {
            name: math.nan if saved[name] is None else saved[name]
            for name in ("error", "by_chance", "limit", "p")
        }
        gap = Estimate.from_dict(saved["gap"])
        levels = tuple((share, Estimate.from_dict(held)) for share, held in saved["levels"])
        return cls(**{**saved, **numbers, "gap": gap, "bins": bins, "levels": levels})


def calibration_of(own: TaskAnswers, groups: Array | None, seed: int) -> Calibration | None:
    """Return the calibration of a task; None for a kind that states neither probabilities of classes nor intervals.

    Args:
        own: answers to the rows.
        groups: `[rows]`; rows of one group are resampled together.
        seed: of the draws.
    """
    if not own.whole:
        return None
    used = np.flatnonzero(own.labelled)
    some, units = own.of_rows(used), np.arange(len(used))
    if groups is not None:
        units = units_of(groups[used])
    chosen = chosen_classes(some)
    if chosen is not None:
        answer = (
            some.answer if some.answer.ndim == 2 else np.stack([1 - some.answer, some.answer], 1)
        )
        confidence = answer[np.arange(len(used)), chosen].astype(np.float64)
        right = (chosen == some.truth).astype(np.float64)
        return _calibrated("confidence", confidence, confidence, right, units, seed)
    ends = {"low", "high"} <= some.details.keys()
    if not ends or not some.level or some.answer.ndim != 1 or some.truth.ndim != 1:
        return None
    low, high = some.details["low"], some.details["high"]
    if low.shape != some.truth.shape:
        return None
    held = ((some.truth >= low) & (some.truth <= high)).astype(np.float64)
    said = np.full(len(used), some.level)
    calibration = _calibrated("intervals", some.answer.astype(np.float64), said, held, units, seed)
    return replace(calibration, levels=_levels(some), wider=own.scores.wider)


def _calibrated(
    of: str, order: Floats, said: Floats, held: Floats, units: NDArray[np.intp], seed: int
) -> Calibration:
    """Return the calibration of rows.

    Args:
        of: kind of statement.
        order: number by which rows are put into bins.
        said: share that is promised, by row.
        held: 1 where it was kept, by row.
        units: group of each row.
        seed: of the draws.
    """
    count = len(order)
    if not count:
        nothing = math.nan
        return Calibration(of, 0, nothing, nothing, nothing, Estimate(nothing), nothing, ())
    number = int(np.clip(count // _LEAST, 1, _BINS))
    rank = np.argsort(np.argsort(order, kind="stable"), kind="stable")
    place = rank * number // count
    members = (place[:, None] == np.arange(number)).astype(np.float64)
    gap = float((said - held).mean())
    chance, ones = _by_chance(said, members, seed)
    wide = np.abs(ones) >= abs(gap) - 1e-12
    gaps = [np.zeros(0)]
    gaps += [w @ (said - held) / w.sum(axis=1) for w in resamples_of(units, _DRAWS, seed)]
    return Calibration(
        of,
        count,
        float(_error((said - held)[None], members)[0]),
        float(chance.mean()),
        float(np.quantile(chance, 0.95)),
        Estimate(gap, *interval(np.concatenate(gaps))),
        float((1 + wide.sum()) / (1 + _DRAWS)),
        tuple(_bin(order, said, held, place == part) for part in range(number)),
    )


def _by_chance(said: Floats, members: Floats, seed: int) -> tuple[Floats, Floats]:
    """Return error and gap of a perfectly calibrated run in each draw, `[draws]`."""
    generator, errors, gaps = np.random.default_rng(seed), [], []
    size = max(1, _AT_ONCE // len(said))
    for start in range(0, _DRAWS, size):
        drawn = generator.random((min(size, _DRAWS - start), len(said))) < said
        off = said - drawn.astype(np.float64)
        errors.append(_error(off, members))
        gaps.append(off.mean(axis=1))
    return np.concatenate(errors), np.concatenate(gaps)


def _error(off: Floats, members: Floats) -> Floats:
    """Return the mean over rows of the distance of their bin, `[draws]`."""
    return np.asarray(np.abs(off @ members).sum(axis=1) / len(members))


def _levels(own: TaskAnswers) -> tuple[tuple[float, Estimate], ...]:
    """Return the promised shares of a quantity with the shares of labels that were held, in rising order."""
    details = own.details
    ends = {own.level: (details["low"], details["high"])}
    if "spread" in details and not own.scores.wider:
        ends[_ONE_SPREAD] = own.answer - details["spread"], own.answer + details["spread"]
    quantiles = {float(n.removeprefix(_QUANTILE)): n for n in details if n.startswith(_QUANTILE)}
    for share, name in quantiles.items():
        other = next((n for s, n in quantiles.items() if abs(s + share - 1) < 1e-9), "")
        if share < 0.5 and other:
            ends[round(1 - 2 * share, 6)] = details[name], details[other]
    return tuple(
        (share, _share((own.truth >= low) & (own.truth <= high)))
        for share, (low, high) in sorted(ends.items())
        if len(own.truth)
    )


def _bin(order: Floats, said: Floats, held: Floats, rows: NDArray[np.bool_]) -> Bin:
    return Bin(
        float(order[rows].min()),
        float(order[rows].max()),
        int(rows.sum()),
        float(said[rows].mean()),
        _share(held[rows]),
    )


def _share(held: Array) -> Estimate:
    """Return the share of rows that are held, with the interval of Wilson, JASA 22, 1927."""
    count, share = len(held), float(held.mean())
    middle = (share + _SCORE**2 / (2 * count)) / (1 + _SCORE**2 / count)
    half = (
        _SCORE
        * math.sqrt(share * (1 - share) / count + _SCORE**2 / (4 * count**2))
        / (1 + _SCORE**2 / count)
    )
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))
