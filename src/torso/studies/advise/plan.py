"""The short list: groupings that are really trained, the settings that train each, and the time that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.core.spec import Spec
from torso.runs.settings.config import RunConfig
from torso.studies.affinity import Affinity
from torso.studies.grouping import Grouping, groupings, partition_value, shrunk

__all__ = [
    "MOST_BETWEEN",
    "SINGLES",
    "TOGETHER",
    "Candidate",
    "cost_of_trunks",
    "first_candidates",
    "seconds_of_race",
    "short_list",
]

Floats = NDArray[np.float64]

TOGETHER = "all together"
SINGLES = "single tasks"
MOST_BETWEEN = 4
"""Groupings that are really trained, between all tasks together and single tasks."""
_SPLIT = ("separate", "branches")
"""Sharings with several trunks: a run that has one is compared with `hard`."""
_OF_TRUNKS, _FEWER_EACH = 0.35, 0.6
"""A training with `count` trunks takes 1 + 0.35 (count - 1) ** 0.6 times as long as with one.

Measured: each of a few further trunks adds 0.1 to 0.3 (Mulan's sets); 139 trunks take 7 times as long (school).
"""
_VERDICT, _WORKERS_BEGIN = 1.0, 4.0
"""Seconds to evaluate and save a training; seconds to start the worker processes of a round (benchmarks/advise.py)."""


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
    config: RunConfig,
    affinity: Affinity,
    most_models: int | None = None,
    alike: Floats | None = None,
) -> list[Candidate]:
    """Return the candidates, fewest models first: all together, groupings, single tasks.

    Half of the groupings are the best by the gradients, half the best by the likeness of single tasks' answers; all are by
    the likeness where the gradients say nothing.

    Args:
        config: of the run.
        affinity: of its tasks.
        most_models: budget of models; single tasks are left out where it is below their number.
        alike: of the same tasks, from `torso.studies.affinity.gains_of`; None: unknown.
    """
    together, singles = first_candidates(config)
    tasks = affinity.tasks
    gain, low, high = (np.asarray(getattr(affinity, name)) for name in ("gain", "low", "high"))
    noise = (high - low) / (2 * 1.96)
    predicted = groupings(tasks, gain, noise, most_models=most_models)
    likely = [] if alike is None else [groupings(tasks, alike, most_models=most_models)]
    silent = bool(np.isnan(gain[~np.eye(len(tasks), dtype=bool)]).all())
    proposals = likely if silent and likely else [predicted, *likely]
    between: dict[frozenset[frozenset[str]], Grouping] = {}
    for proposed in proposals:
        some = [own for own in proposed if 1 < len(own.groups) < len(tasks)]
        for own in some[: MOST_BETWEEN // len(proposals)]:
            between.setdefault(frozenset(map(frozenset, own.groups)), own)
    whole = [own.gain for own in predicted if len(own.groups) == 1]
    ends = [Candidate(together.name, together.groups, together.settings, whole[0])]
    if len(tasks) > 1 and (most_models is None or most_models >= len(tasks)):
        ends.append(singles)
    middle = [_candidate(own, tasks, gain, noise) for own in between.values()]
    return sorted([*middle, *ends], key=lambda candidate: candidate.models)


def _candidate(own: Grouping, tasks: Sequence[str], gain: Floats, noise: Floats) -> Candidate:
    """Return a grouping as a candidate, with the gain that the gradients predict."""
    at = [[list(tasks).index(task) for task in group] for group in own.groups]
    predicted = partition_value(shrunk(gain, noise), at)
    settings = {"sharing": {"type": "branches", "tree": own.tree()}}
    return Candidate(str(own), own.groups, settings, predicted)


def cost_of_trunks(count: int) -> float:
    """Return the cost of a training with so many trunks, in trainings with one."""
    return float(1 + _OF_TRUNKS * (count - 1) ** _FEWER_EACH)


def seconds_of_race(seconds: float, costs: Sequence[float], seeds: int, workers: int) -> float:
    """Return about how long a race takes.

    Args:
        seconds: of one training of the run as it is.
        costs: of each candidate, in such trainings.
        seeds: of the last round; each round has one, and about half of the candidates stay.
        workers: trainings at once.
    """
    costs = sorted(seconds * cost + _VERDICT for cost in costs)
    total, going = 0.0, len(costs)
    for _ in range(seeds):
        total += sum(costs[:going])
        going = max(min(3, len(costs)), going // 2)
    at_once = max(1, min(workers, len(costs)))
    return total / at_once + (seeds * _WORKERS_BEGIN if at_once > 1 else 0.0)
