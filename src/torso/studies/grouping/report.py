"""Groupings of tasks by predicted gain, under a budget of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.core.errors import ConfigError
from torso.studies.grouping.exact import EXACT, best_partitions
from torso.studies.grouping.greedy import good_partitions

__all__ = ["MODEL_COST", "Grouping", "groupings", "shrunk"]

Floats = NDArray[np.float64]

MODEL_COST = 0.1
"""Predicted gain, added up over tasks, that a further model has to bring: with no evidence, there is one model."""


@dataclass(frozen=True)
class Grouping:
    """Tasks in groups, each of which is a model.

    Attributes:
        groups: singletons included.
        gain: predicted, added up over tasks: 0 for single tasks.
        score: the gain less what its models cost.
    """

    groups: tuple[tuple[str, ...], ...]
    gain: float
    score: float

    def __str__(self) -> str:
        """Return the groups: `a1 + a2 | b`."""
        return " | ".join(" + ".join(group) for group in self.groups)

    def tree(self) -> list[list[str]]:
        """Return the groups as `sharing: {type: branches, tree: ...}` reads them."""
        return [list(group) for group in self.groups]


def groupings(
    tasks: Sequence[str],
    gain: Floats,
    noise: Floats | None = None,
    *,
    most_models: int | None = None,
    model_cost: float = MODEL_COST,
) -> list[Grouping]:
    """Return the best grouping into each number of models, best first.

    From Standley et al. 2020 (https://arxiv.org/abs/1905.07553) and Fifty et al. 2021
    (https://arxiv.org/abs/2109.04617): a task's gain in a group is the mean of its pairwise gains. Differs: a task alone
    has the gain 0 instead of none, gains are shrunk by their noise, models cost, and a partition serves each task once.
    Exact up to 12 tasks.

    >>> gain = np.array([[0, 0.8, -0.5], [0.9, 0, -0.6], [-0.4, -0.7, 0]])
    >>> str(groupings(["a", "b", "c"], gain)[0])
    'a + b | c'

    Args:
        tasks: names.
        gain: `[tasks, tasks]`, of the second task by the first; NaN, unknown, counts as 0.
        noise: standard errors of `gain`; None: it is exact.
        most_models: budget: models at most; None: any number.
        model_cost: predicted gain that a further model has to bring.

    Raises:
        ConfigError: no task, a matrix of another shape, or a budget below one model.
    """
    count = len(tasks)
    gain = np.asarray(gain, np.float64)
    if not count or gain.shape != (count, count):
        raise ConfigError(
            f"`gain` should be [tasks, tasks] = [{count}, {count}] of at least one task. Found {gain.shape}."
        )
    if most_models is not None and most_models < 1:
        raise ConfigError(f"`most_models` should be 1 or more. Found {most_models}.")
    known = shrunk(gain, noise)
    partitions = best_partitions(known) if count <= EXACT else good_partitions(known)
    most = count if most_models is None else min(most_models, count)
    out = [
        Grouping(
            tuple(tuple(tasks[task] for task in group) for group in partition),
            value,
            value - model_cost * (number - 1),
        )
        for number, (partition, value) in partitions.items()
        if number <= most
    ]
    return sorted(out, key=lambda grouping: (-grouping.score, len(grouping.groups)))


def shrunk(gain: Floats, noise: Floats | None = None) -> Floats:
    """Return gains moved towards 0 by their noise, `g³ / (g² + s²)`; unknown ones are 0.

    Args:
        gain: of any shape.
        noise: standard errors.
    """
    known = np.nan_to_num(np.clip(gain, -1, 1), nan=0.0)
    if noise is None:
        return known
    squares, spread = known**2, np.nan_to_num(noise, nan=np.inf) ** 2
    total = squares + spread
    out: Floats = np.where(total > 0, known * squares / np.where(total > 0, total, 1), 0.0)
    return out
