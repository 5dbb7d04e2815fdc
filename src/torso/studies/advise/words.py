"""The advice in words: the fact, how sure it is, and the action."""

from __future__ import annotations

from collections.abc import Sequence

from torso.evaluation.estimate import Estimate
from torso.studies.advise.plan import SINGLES, TOGETHER, Candidate

__all__ = ["advice_words", "delta_text", "groups_text", "plan_words", "shown_name"]

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


def plan_words(names: Sequence[str], seeds: int, seconds: float, workers: int) -> tuple[str, ...]:
    """Return the plan in sentences.

    Args:
        names: of the candidates that are known beforehand.
        seeds: of those that stay to the end.
        seconds: that it takes, about.
        workers: trainings at once.
    """
    from torso.runs.settings.durations import duration_text

    at_once = "one at a time" if workers == 1 else f"{workers} at a time"
    return (
        f"Plan: {', '.join(names)}, up to {seeds} seeds each, {at_once}: about {duration_text(seconds)}.",
    )
