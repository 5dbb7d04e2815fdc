"""Equal opportunity: is a positive row found as often in one part as in another?

From Hardt, Price, Srebro, "Equality of Opportunity in Supervised Learning", NeurIPS 2016
(https://arxiv.org/abs/1610.02413): the true positive rate should not depend on the group. Differs: more than two groups are
compared by the widest gap between two of them, with a permutation test, since the widest of several gaps is wide by chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from torso.core.whole_files import Json
from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.estimate import Estimate
from torso.evaluation.weighted import Array, Floats, ratio
from torso.evaluation.wording import estimate_text
from torso.runs.report.held_out import TaskAnswers
from torso.studies.slices.contrast import draws_for
from torso.studies.slices.parting import FEW, MISSING, Parting

__all__ = ["Opportunity", "opportunity_of"]


@dataclass(frozen=True)
class Opportunity:
    """True positive rates of a task between the parts of a column.

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


def opportunity_of(
    parting: Parting, task: str, own: TaskAnswers, groups: Array | None, seed: int
) -> Opportunity:
    """Return the true positive rates of a task with two classes.

    Args:
        parting: of the rows.
        task: its name.
        own: answers to the rows.
        groups: `[rows]`; rows of one group are drawn together.
        seed: of the draws.
    """
    positive = np.flatnonzero(own.labelled & (own.truth > 0.5))
    some = own.of_rows(positive)
    right = some.scores.plain_answers(some.answer, some.details) > 0.5
    which = parting.which[positive]
    members = (which[:, None] == np.arange(len(parting.names))).astype(np.float64)
    hits = members * right[:, None]
    counts = members.sum(axis=0).astype(int)
    judged = [
        part for part, name in enumerate(parting.names) if counts[part] >= FEW and name != MISSING
    ]
    point = ratio(hits.sum(axis=0)[None], members.sum(axis=0)[None])[0]
    units = np.arange(len(positive)) if groups is None else units_of(groups[positive])
    draws = draws_for(len(positive))
    drawn = [np.zeros((0, len(counts)))]
    drawn += [ratio(w @ hits, w @ members) for w in resamples_of(units, draws, seed)]
    rates = np.concatenate(drawn)
    name = own.scores.positive(own.names)
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
        p = _p(value, members[:, judged], right, units, draws, seed)
    return Opportunity(
        parting.by,
        task,
        name,
        parting.names,
        tuple(int(count) for count in counts),
        tuple(estimates),
        high,
        low,
        gap,
        p,
    )


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
