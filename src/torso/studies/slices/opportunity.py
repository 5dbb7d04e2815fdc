"""Equal opportunity: is a row of a class found as often in one part as in another?

From Hardt, Price, Srebro, "Equality of Opportunity in Supervised Learning", NeurIPS 2016
(https://arxiv.org/abs/1610.02413): the true positive rate should not depend on the group. Differs: more than two groups are
compared by the widest gap between two of them, with a permutation test, since the widest of several gaps is wide by chance;
and of several classes or labels each is the positive one in turn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.core.whole_files import Json
from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.estimate import Estimate
from torso.evaluation.weighted import Array, Floats, ratio
from torso.evaluation.wording import estimate_text
from torso.runs.report.held_out import TaskAnswers
from torso.studies.slices.confusion import class_names
from torso.studies.slices.contrast import draws_for
from torso.studies.slices.parting import FEW, MISSING, Parting

__all__ = ["Opportunity", "has_classes", "opportunities_of"]


@dataclass(frozen=True)
class Opportunity:
    """True positive rates of a class between the parts of a column.

    Attributes:
        by: column.
        task: whose answers are looked at.
        positive: the class that a positive row has.
        parts: their names.
        positives: positive rows of each part.
        rates: share of them that the answers find.
        high, low: the parts that the widest gap lies between; empty where fewer than two have ten positive rows.
        gap: the widest difference between two parts of at least ten positive rows.
        p: chance of so wide a gap if parts did not matter; in `Slices`, for all gaps together (Holm).
    """

    by: str
    task: str
    positive: str
    parts: tuple[str, ...]
    positives: tuple[int, ...]
    rates: tuple[Estimate, ...]
    high: str
    low: str
    gap: Estimate
    p: float

    @property
    def verdict(self) -> str:
        """Return `unequal`, `no evidence` or `too few`."""
        if math.isnan(self.p):
            return "too few"
        return "unequal" if self.p < 0.05 else "no evidence"

    def cells(self) -> Iterator[tuple[str, ...]]:
        """Yield the cells of a line per part, and of one for the widest gap."""
        named = f"{self.task}, {self.positive or '1'}"
        for part, count, rate in zip(self.parts, self.positives, self.rates, strict=True):
            verdict = "too few" if count < FEW else ""
            yield (self.by, named, f"{part}, {count:,} positive", estimate_text(rate), verdict)
        if self.high:
            between = f"gap: {self.high} over {self.low}" if self.gap.value else "gap: none"
            verdict = f"{self.verdict}, p {self.p:.2g}"
            yield (self.by, named, between, estimate_text(self.gap), verdict)

    @classmethod
    def from_dict(cls, saved: Json) -> Opportunity:
        """Return the rates that `asdict` wrote."""
        return cls(
            **{
                **saved,
                "parts": tuple(saved["parts"]),
                "positives": tuple(saved["positives"]),
                "rates": tuple(Estimate.from_dict(rate) for rate in saved["rates"]),
                "gap": Estimate.from_dict(saved["gap"]),
                "p": math.nan if saved["p"] is None else saved["p"],
            }
        )


@dataclass(frozen=True)
class _Class:
    """A class or label of a task: the rows that have it, and whether the answer says so, bool `[those rows]`."""

    name: str
    rows: NDArray[np.intp]
    right: NDArray[np.bool_]


def has_classes(own: TaskAnswers) -> bool:
    """Return whether a task answers with classes: yes or no, one of several, or several labels."""
    return own.whole and own.scores.probable


def opportunities_of(
    parting: Parting, task: str, own: TaskAnswers, groups: Array | None, seed: int
) -> tuple[list[Opportunity], int]:
    """Return the true positive rates of a task's classes, and the number of classes of which too few rows allow none.

    A yes or no has one entry, of its positive class, however few rows that has.

    Args:
        parting: of the rows.
        task: its name.
        own: answers to the rows.
        groups: `[rows]`; rows of one group are drawn together.
        seed: of the draws.
    """
    classes = _classes(own)
    judged = [
        each
        for each in classes
        if len(classes) == 1 or len(_large(parting, _counts(parting, each.rows))) > 1
    ]
    rates = [_opportunity(parting, task, each, groups, seed) for each in judged]
    return rates, len(classes) - len(judged)


def _classes(own: TaskAnswers) -> list[_Class]:
    """Return the classes that any row has; those that training never saw are absent, for no answer names them."""
    truth, said = own.truth, own.scores.plain_answers(own.answer, own.details)
    if own.scores.axes == (2, 1):
        names = class_names(own)
        pairs = [(name, truth == number, said == number) for number, name in enumerate(names)]
    elif truth.ndim == 2:
        names = own.names or tuple(map(str, range(truth.shape[1])))
        pairs = [(name, truth[:, at] > 0.5, said[:, at] > 0.5) for at, name in enumerate(names)]
    else:
        return [_class(own.scores.positive(own.names), truth > 0.5, said > 0.5)]
    return [_class(*each) for each in pairs if each[1].any()]


def _class(name: str, true: NDArray[np.bool_], said: NDArray[np.bool_]) -> _Class:
    rows = np.flatnonzero(true)
    return _Class(name, rows, np.asarray(said[rows]))


def _counts(parting: Parting, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return how many of some rows each part has."""
    return np.bincount(parting.which[rows], minlength=len(parting.names))


def _large(parting: Parting, counts: NDArray[np.intp]) -> list[int]:
    """Return the parts that have rows enough; rows without a value of the column are none."""
    return [
        part for part, name in enumerate(parting.names) if counts[part] >= FEW and name != MISSING
    ]


def _opportunity(
    parting: Parting, task: str, one_class: _Class, groups: Array | None, seed: int
) -> Opportunity:
    """Return the true positive rates of a class."""
    positive, right = one_class.rows, one_class.right
    members = (parting.which[positive][:, None] == np.arange(len(parting.names))).astype(np.float64)
    hits = members * right[:, None]
    counts = _counts(parting, positive)
    judged = _large(parting, counts)
    point = ratio(hits.sum(axis=0)[None], members.sum(axis=0)[None])[0]
    units = np.arange(len(positive)) if groups is None else units_of(groups[positive])
    draws = draws_for(len(positive))
    drawn = [np.zeros((0, len(counts)))]
    drawn += [ratio(w @ hits, w @ members) for w in resamples_of(units, draws, seed)]
    rates = np.concatenate(drawn)
    estimates = [
        Estimate(float(value), *interval(rates[:, part])) for part, value in enumerate(point)
    ]
    high = low = ""
    gap, p = Estimate(math.nan), math.nan
    if len(judged) > 1:
        top, bottom = (judged[int(at(point[judged]))] for at in (np.argmax, np.argmin))
        value = float(point[top] - point[bottom])
        gap = Estimate(value, *interval(rates[:, top] - rates[:, bottom]))
        high, low = parting.names[top], parting.names[bottom]
        own = np.where(np.isin(parting.which[positive], judged), parting.which[positive], -1)
        p = _p(value, members[:, judged], right, _whole(units, own), draws, seed)
    return Opportunity(
        parting.by,
        task,
        one_class.name,
        parting.names,
        tuple(int(count) for count in counts),
        tuple(estimates),
        high,
        low,
        gap,
        p,
    )


def _whole(units: NDArray[np.intp], parts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the units whose answers change places: groups where each lies in one part, else rows.

    A group whose rows lie in several parts would have the same answers in all of them, and every gap would look wide.
    """
    first = np.zeros(int(units.max(initial=-1)) + 1, parts.dtype)
    first[units] = parts
    return units if bool((first[units] == parts).all()) else np.arange(len(units))


def _p(gap: float, members: Floats, right: Array, units: Array, draws: int, seed: int) -> float:
    """Return the share of shuffled answers whose widest gap is as wide; whole groups of rows are shuffled as one."""
    rng = np.random.default_rng([seed, 2])
    num_units = int(units.max()) + 1
    total = np.bincount(units, minlength=num_units).astype(np.float64)
    mean = np.bincount(units, weights=right.astype(np.float64), minlength=num_units) / total
    wide = 0
    for _ in range(draws):
        shuffled = (
            mean[rng.permutation(num_units)][units]
            if num_units < len(units)
            else (rng.permutation(right).astype(np.float64))
        )
        rates = ratio((shuffled[:, None] * members).sum(axis=0), members.sum(axis=0))
        wide += bool(np.nanmax(rates) - np.nanmin(rates) >= gap - 1e-12)
    return (1 + wide) / (1 + draws)
