"""The decision of a question: a run is changed only for evidence, and only by as much as there is evidence for.

A candidate replaces the run as it is where it is surely better, or where it is simpler and surely costs next to nothing. Among
those, the simplest is taken that the best is not surely ahead of, as among groupings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from torso.evaluation.estimate import Estimate
from torso.studies.advise.choose import Measures, advantage, difference, level, surely
from torso.studies.advise.plan import Candidate

__all__ = ["MARGIN", "Decision", "Verdict", "costs_little", "decided", "going_on"]

Verdict = Literal["better", "as good", "worse", "unknown"]

MARGIN = 2.0
"""Percent that something simpler may cost, as a ratio of errors: less is next to nothing."""
_SURE = 0.05
_HALF = 0.5  # of the lead


@dataclass(frozen=True)
class Decision:
    """The candidate to take.

    Attributes:
        best: the candidate.
        verdicts: name of each other candidate -> the verdict on it beside the run as it is.
        over: name of each other candidate -> Δm over the run as it is.
    """

    best: Candidate
    verdicts: Mapping[str, Verdict]
    over: Mapping[str, Estimate]


def costs_little(over: Estimate, comparisons: int = 1) -> bool:
    """Return True if a candidate surely costs less than `MARGIN`: a one-sided test at 5 % over so many comparisons.

    From Schuirmann 1987 (https://doi.org/10.1007/BF01068419), the lower of the two tests of equivalence. Differs: the interval
    at hand is stretched for several comparisons (Bonferroni) as a normal one, and never shrunk.

    Args:
        over: advantage of the candidate over the run as it is, a logarithm.
        comparisons: candidates that are tested.
    """
    stretched = max(1.0, NormalDist().inv_cdf(1 - _SURE / comparisons) / 1.96)
    return over.value - stretched * (over.value - over.low) > -MARGIN / 100


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
    count, whole = max(1, len(others)), measures[own.name]
    verdicts = {each.name: _verdict(measures[each.name], whole, count) for each in others}
    reasons = [own] + [
        each
        for each in others
        if verdicts[each.name] == "better"
        or (verdicts[each.name] == "as good" and each.rank < own.rank)
    ]
    over = {each.name: advantage(measures[each.name], whole).difference.value for each in reasons}
    leader = max(reasons, key=lambda each: over[each.name])
    close = [each for each in reasons if level(measures[each.name], measures[leader.name])]
    if verdicts.get(leader.name) == "better" and own in close:
        close.remove(own)  # it is surely behind the leader
    best = min(close, key=lambda each: (each.rank, -over[each.name]), default=leader)
    deltas = {each.name: difference(measures[each.name], whole).delta for each in others}
    return Decision(best, verdicts, deltas)


def _verdict(candidate: Measures, own: Measures, comparisons: int) -> Verdict:
    over = advantage(candidate, own)
    if surely(over, comparisons):
        return "better"
    if surely(advantage(own, candidate), comparisons):
        return "worse"
    by_task = [difference(candidate, own, task) for task in own.tasks]
    harmed = any(each.delta.value < -MARGIN and each.p * len(by_task) <= _SURE for each in by_task)
    return "as good" if costs_little(over.difference, comparisons) and not harmed else "unknown"


def going_on(
    going: Sequence[Candidate], own: Candidate, measures: Mapping[str, Measures]
) -> set[str]:
    """Return the names of the candidates that another seed is worth.

    Those are the run as it is, simpler candidates that are not surely worse, the leader of the others, and those with at least
    half of its lead.

    Args:
        going: candidates that were trained.
        own: the run as it is.
        measures: name -> its metrics.
    """
    over = {
        each.name: advantage(measures[each.name], measures[own.name])
        for each in going
        if each.name in measures
    }
    behind = {name for name in over if surely(advantage(measures[own.name], measures[name]))}
    simpler = {each.name for each in going if each.rank < own.rank} - behind
    further = [each for each in going if each.rank > own.rank and each.name in over]
    lead = {each.name: over[each.name].difference.value for each in further}
    most = max(lead.values(), default=0.0)
    ahead = {
        each.name
        for each in further
        if lead[each.name] == most or (most > 0 and lead[each.name] >= _HALF * most)
    }
    return {own.name, *simpler, *ahead}
