"""The short list: groupings that are really trained, the settings that train each, and the time that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from torso.core.spec import Spec
from torso.runs.settings.config import RunConfig
from torso.studies.affinity import Affinity
from torso.studies.grouping import groupings

__all__ = [
    "SINGLES",
    "TOGETHER",
    "Candidate",
    "cost_of_trunks",
    "first_candidates",
    "seconds_of_race",
    "short_list",
]

TOGETHER = "all together"
SINGLES = "single tasks"
_SPLIT = ("separate", "branches")
"""Sharings with several trunks: a run that has one is compared with `hard`."""
_OF_ONE_TRUNK = 0.5
"""Share of a training's time that a further trunk adds; measured on planted tables (benchmarks/advise.py)."""


@dataclass(frozen=True)
class Candidate:
    """A way to train the run: with a trunk for each group, with fewer inputs, or with another part.

    Attributes:
        name: in words.
        groups: tasks that share a trunk.
        settings: that train it.
        gain: predicted by the affinities, added up over tasks; 0 for single tasks, NaN where not predicted.
        inputs: columns that it reads; None for all.
        rank: orders candidates of other questions than groups, the simplest first.
        cost: of a training, in trainings of the run as it is.
    """

    name: str
    groups: tuple[tuple[str, ...], ...]
    settings: Mapping[str, object]
    gain: float = float("nan")
    inputs: tuple[str, ...] | None = None
    rank: int = 0
    cost: float = 1.0

    @property
    def models(self) -> int:
        """Number of trunks."""
        return len(self.groups)


def first_candidates(config: RunConfig) -> tuple[Candidate, Candidate]:
    """Return the run's own way, all tasks in one trunk, and single tasks."""
    tasks = tuple(config.targets)
    own = Spec.parse(config.sharing).name in _SPLIT
    together = Candidate(TOGETHER, (tasks,), {"sharing": "hard"} if own else {})
    singles = Candidate(SINGLES, tuple((task,) for task in tasks), {"sharing": "separate"}, 0.0)
    return together, singles


def short_list(
    config: RunConfig, affinity: Affinity, most_models: int | None = None, most: int = 5
) -> list[Candidate]:
    """Return the candidates, fewest models first: all together, groupings by predicted gain, single tasks.

    Args:
        config: of the run.
        affinity: of its tasks.
        most_models: budget of models; single tasks are left out where it is below their number.
        most: candidates in all.
    """
    together, singles = first_candidates(config)
    tasks = affinity.tasks
    gain, low, high = (np.asarray(getattr(affinity, name)) for name in ("gain", "low", "high"))
    noise = (high - low) / (2 * 1.96)
    predicted = groupings(tasks, gain, noise, most_models=most_models)
    between = [each for each in predicted if 1 < len(each.groups) < len(tasks)][: most - 2]
    whole = [each.gain for each in predicted if len(each.groups) == 1]
    chosen = [
        Candidate(
            str(each),
            each.groups,
            {"sharing": {"type": "branches", "tree": each.tree()}},
            each.gain,
        )
        for each in between
    ]
    ends = [Candidate(together.name, together.groups, together.settings, whole[0])]
    if len(tasks) > 1 and (most_models is None or most_models >= len(tasks)):
        ends.append(singles)
    return sorted([*chosen, *ends], key=lambda candidate: candidate.models)


def cost_of_trunks(count: int) -> float:
    """Return the cost of a training with so many trunks, in trainings with one."""
    return 1 + _OF_ONE_TRUNK * (count - 1)


def seconds_of_race(seconds: float, costs: Sequence[float], seeds: int, workers: int) -> float:
    """Return about how long a race takes.

    Args:
        seconds: of one training of the run as it is.
        costs: of each candidate, in such trainings.
        seeds: of the last round; each round has one, and about half of the candidates stay.
        workers: trainings at once.
    """
    costs = sorted(seconds * cost for cost in costs)
    total, going = 0.0, len(costs)
    for _ in range(seeds):
        total += sum(costs[:going])
        going = max(min(3, len(costs)), going // 2)
    return total / max(1, min(workers, len(costs)))
