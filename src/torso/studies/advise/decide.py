"""The decision of a question: a run is changed only for evidence, and only by as much as there is evidence for.

A candidate replaces the run as it is where it is surely better, or where it is simpler and surely costs next to nothing. Among
those, the simplest is taken that none of the others surely beats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from torso.studies.advise.choose import Difference, Measures, difference
from torso.studies.advise.plan import Candidate

__all__ = ["MARGIN", "Decision", "Verdict", "costs_little", "decided", "going_on"]

Verdict = Literal["better", "as good", "worse", "unknown"]

MARGIN = 2.0
"""Δm in percent that something simpler may cost: less is next to nothing."""
_SURE = 0.05
_HALF = 0.5  # of the lead


@dataclass(frozen=True)
class Decision:
    """The candidate to take.

    Attributes:
        best: the candidate.
        verdicts: name of each other candidate -> the run as it is compared with it.
        over: name of each other candidate -> Δm over the run as it is.
    """

    best: Candidate
    verdicts: Mapping[str, Verdict]
    over: Mapping[str, Difference]


def costs_little(over: Difference, comparisons: int = 1) -> bool:
    """Return True if a candidate surely costs less than `MARGIN`: a one-sided test at 5 % over so many comparisons.

    From Schuirmann 1987 (https://doi.org/10.1007/BF01068419), the lower of the two tests of equivalence. Differs: the interval
    at hand is stretched for several comparisons (Bonferroni) as a normal one, and never shrunk.

    Args:
        over: Δm of the candidate over the run as it is.
        comparisons: candidates that are tested.
    """
    own = over.delta
    stretched = max(1.0, NormalDist().inv_cdf(1 - _SURE / comparisons) / 1.96)
    return own.value - stretched * (own.value - own.low) > -MARGIN


def decided(
    candidates: Sequence[Candidate], own: Candidate, measures: Mapping[str, Measures]
) -> Decision:
    """Return the candidate to take.

    Args:
        candidates: those that were trained.
        own: the run as it is, one of them.
        measures: name -> its metrics on the same rows.
    """
    others = [each for each in candidates if each.name != own.name and each.name in measures]
    over = {each.name: difference(measures[each.name], measures[own.name]) for each in others}
    count = max(1, len(others))
    verdicts = {each.name: _verdict(each, own, over[each.name], measures, count) for each in others}
    reasons = [own]
    for each in others:
        known = verdicts[each.name]
        if known == "better" or (known == "as good" and each.rank < own.rank):
            reasons.append(each)
    reasons.sort(key=lambda each: each.rank)
    best = next((each for each in reasons if not _beaten(each, reasons, measures, count)), own)
    return Decision(best, verdicts, over)


def _beaten(
    candidate: Candidate,
    others: Sequence[Candidate],
    measures: Mapping[str, Measures],
    comparisons: int,
) -> bool:
    """Return True if one of the others is surely better."""
    return any(
        difference(measures[other.name], measures[candidate.name]).sure(comparisons)
        for other in others
        if other.name != candidate.name
    )


def _verdict(
    candidate: Candidate,
    own: Candidate,
    over: Difference,
    measures: Mapping[str, Measures],
    comparisons: int,
) -> Verdict:
    if over.sure(comparisons):
        return "better"
    if over.delta.value < 0 and over.p * comparisons <= _SURE:
        return "worse"
    tasks = measures[own.name].tasks
    by_task = [difference(measures[candidate.name], measures[own.name], task) for task in tasks]
    harmed = any(each.delta.value < 0 and each.p * len(tasks) <= _SURE for each in by_task)
    if costs_little(over, comparisons) and not harmed:
        return "as good"
    return "unknown"


def going_on(
    going: Sequence[Candidate], own: Candidate, measures: Mapping[str, Measures]
) -> set[str]:
    """Return the names of the candidates that another seed is worth.

    Those are the run as it is, simpler candidates that are not surely worse, the leader of the others, and those
    that are simpler than the leader and have at least half of its lead.

    Args:
        going: candidates that were trained.
        own: the run as it is.
        measures: name -> its metrics.
    """
    over = {
        each.name: difference(measures[each.name], measures[own.name])
        for each in going
        if each.name in measures
    }
    simpler = {
        each.name for each in going if each.rank < own.rank and not over[each.name].surely_worse()
    }
    further = [each for each in going if each.rank > own.rank and each.name in over]
    if not further:
        return {own.name, *simpler}
    leader = max(further, key=lambda each: over[each.name].delta.value)
    lead = over[leader.name].delta.value
    near = {
        each.name
        for each in further
        if each.rank < leader.rank and over[each.name].delta.value >= _HALF * lead
    }
    return {own.name, *simpler, leader.name, *(near if lead > 0 else ())}
