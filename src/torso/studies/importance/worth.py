"""Scores with some modalities only, and the share of each modality in the whole score."""

from __future__ import annotations

from collections.abc import Callable

from torso.evaluation.weighted import Floats
from torso.studies.importance.effects import together
from torso.studies.importance.result import Effect, Subset
from torso.studies.importance.scoring import Scoring
from torso.studies.importance.subsets import (
    EXACT,
    Kept,
    all_subsets,
    drawn_orders,
    shapley_exact,
    shapley_of_orders,
)
from torso.studies.paired import estimated

__all__ = ["ORDERS", "worth_of_modalities"]

ORDERS = 12
"""Pairs of orders that are drawn where there are too many modalities for all subsets."""


def worth_of_modalities(scoring: Scoring) -> tuple[list[Effect], list[Subset]]:
    """Return the Shapley value of each modality, and the scores of all subsets that were tried, small ones first."""
    tried: dict[Kept, None] = {}
    made = []
    for task, measure in scoring.without(()):
        for name, (values, error) in _shapley(scoring, task, measure, tried).items():
            estimate, p = estimated(values, scoring.judge.tasks[task].num_units)
            columns = scoring.modalities[name]
            made.append(
                Effect("modality", name, columns, task, measure, "shapley", estimate, p, error)
            )
    return together(made), _subsets(scoring, tried)


def _shapley(
    scoring: Scoring, task: str, measure: str, tried: dict[Kept, None]
) -> dict[str, tuple[Floats, float]]:
    """Return modality -> its value on all rows and in each resample, and the standard error of the draw of orders."""
    names = [*scoring.modalities]
    worth = _worth(scoring, task, measure, tried)
    if len(names) > EXACT:
        return shapley_of_orders(drawn_orders(names, ORDERS, scoring.seed), worth)
    every = {kept: worth(kept) for kept in all_subsets(names)}
    return {name: (values, float("nan")) for name, values in shapley_exact(names, every).items()}


def _worth(
    scoring: Scoring, task: str, measure: str, tried: dict[Kept, None]
) -> Callable[[Kept], Floats]:
    """Return a function from the modalities that are there to a score, which notes them."""

    def worth(kept: Kept) -> Floats:
        tried[kept] = None
        return scoring.without(_hidden(scoring, kept))[task, measure]

    return worth


def _hidden(scoring: Scoring, kept: Kept) -> list[str]:
    return [
        column
        for name, columns in scoring.modalities.items()
        if name not in kept
        for column in columns
    ]


def _subsets(scoring: Scoring, tried: dict[Kept, None]) -> list[Subset]:
    """Return the scores in the metrics' own sign."""
    order = [*scoring.modalities]
    scores = []
    for kept in sorted(tried, key=lambda some: (len(some), sorted(map(order.index, some)))):
        names = tuple(name for name in order if name in kept)
        for (task, measure), values in scoring.without(_hidden(scoring, kept)).items():
            rows = scoring.judge.tasks[task]
            estimate, _ = estimated(rows.signed(measure) * values, rows.num_units)
            scores.append(Subset(names, task, measure, estimate))
    return scores
