"""The advice in words: the fact, how sure it is, and the action."""

from __future__ import annotations

from collections.abc import Sequence

from torso.evaluation.estimate import Estimate
from torso.runs.settings.durations import duration_text
from torso.studies.advise.decide import MARGIN, Decision
from torso.studies.advise.plan import SINGLES, TOGETHER, Candidate

__all__ = [
    "advice_words",
    "decision_words",
    "delta_text",
    "groups_text",
    "plan_words",
    "seeds_words",
    "shown_name",
]

_NAMED = 16
"""Tasks up to which those of a group are named."""


def groups_text(groups: Sequence[Sequence[str]]) -> str:
    """Return groups as text; of many tasks, the groups' sizes.

    >>> groups_text([["a", "b"], ["c"]])
    'a + b | c'
    >>> groups_text([["c"], [*"abcdefghijklmnopqrst"]])
    'of 20, 1 tasks'
    """
    sizes = sorted(map(len, groups), reverse=True)
    if sum(sizes) > _NAMED:
        return f"of {', '.join(map(str, sizes))} tasks"
    return " | ".join(" + ".join(group) for group in groups)


def shown_name(name: str, groups: Sequence[Sequence[str]]) -> str:
    """Return the name of a candidate for a line of a table; of many tasks, the number and sizes of its groups."""
    if name in (TOGETHER, SINGLES) or sum(map(len, groups)) <= _NAMED:
        return name
    return f"{len(groups)} groups, {groups_text(groups)}"


def delta_text(estimate: Estimate) -> str:
    """Return a difference with its interval.

    >>> delta_text(Estimate(2.13, 0.5, 4.0))
    'Δm 2.1 % (95 % interval 0.5 to 4.0)'
    """
    return f"Δm {estimate.value:.1f} % (95 % interval {estimate.low:.1f} to {estimate.high:.1f})"


def advice_words(
    best: Candidate, over: Estimate, singles: Estimate | None, sure: bool
) -> tuple[str, ...]:
    """Return the advice in sentences.

    Args:
        best: the candidate that is recommended.
        over: by how much it is better than all together, on the rows that chose.
        singles: by how much all together is better than single tasks, where both were trained.
        sure: it is surely better than all together.
    """
    if best.name == TOGETHER:
        why = "no evidence that another grouping is better, and it has the fewest models."
        if singles is not None and singles.low > 0:
            why = (
                f"surely better than single tasks, {delta_text(singles)}, and no other grouping "
                "is surely better."
            )
        return (f"Train all tasks together: {why}",)
    how_sure = (
        f"surely better than all together, {delta_text(over)}"
        if sure
        else f"all together is surely behind another candidate, which is not surely ahead of this one, {delta_text(over)} over all "
        "together"
    )
    if best.name == SINGLES:
        return (
            f"Train each task alone: {how_sure}, and surely better than the groupings with fewer models that were trained.",
        )
    return (
        f"Train in {len(best.groups)} groups, {groups_text(best.groups)}: {how_sure}. Of the candidates with fewer models, none was "
        "as good.",
    )


def decision_words(decision: Decision, own: Candidate, keep: str, take: str) -> tuple[str, ...]:
    """Return a decision in sentences: the action, and the evidence for and against each other candidate.

    Args:
        decision: of a question.
        own: the run as it is.
        keep: the advice to keep it.
        take: the advice to take the best in its place.
    """
    best, over = decision.best, decision.over
    by = {
        verdict: [name for name, own in decision.verdicts.items() if own == verdict]
        for verdict in ("better", "as good", "worse", "unknown")
    }
    if best.name != own.name:
        told = delta_text(over[best.name])
        if decision.verdicts[best.name] == "better":
            return (f"{take}: surely better, {told}.",)
        return (f"{take}: it is simpler, and surely costs less than {MARGIN:g} %: {told}.",)
    if not over:
        return (f"{keep}: nothing was compared with it.",)
    worse = [f"{name} ({delta_text(over[name])})" for name in by["worse"]]
    said = [f"{keep}: no other is surely better."]
    if worse:
        said.append(f"Surely worse: {', '.join(worse)}.")
    if by["as good"]:
        said.append(f"As good within {MARGIN:g} %, and not simpler: {', '.join(by['as good'])}.")
    if by["unknown"]:
        said.append(f"No evidence either way: {', '.join(by['unknown'])}.")
    return tuple(said)


def plan_words(question: str, names: Sequence[str], seconds: float) -> str:
    """Return the plan of a question as a sentence.

    >>> plan_words("fusion", ["concat", "gated"], 40)
    'Plan for fusion: concat, gated; about 40 s.'

    Args:
        question: its name.
        names: of the candidates, as far as they are known beforehand.
        seconds: that its trainings take, about.
    """
    return f"Plan for {question}: {', '.join(names)}; about {duration_text(seconds)}."


def seeds_words(seeds: int, workers: int) -> str:
    """Return the trainings of each candidate and at once, as a sentence."""
    at_once = "one at a time" if workers == 1 else f"{workers} at a time"
    return f"Up to {seeds} seed{'s' if seeds > 1 else ''} each, {at_once}."
