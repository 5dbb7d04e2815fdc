"""A search among partitions of tasks as wide as one can afford, against which advice is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from unittest import mock

import numpy as np

from torso.evaluation.estimate import Estimate
from torso.runs.predicting.load import load
from torso.runs.preparing.prepared import Prepared
from torso.studies.advise.choose import Measures, difference, measures_of
from torso.studies.advise.plan import TOGETHER, Candidate, first_candidates
from torso.studies.advise.race import Race

__all__ = ["Groups", "WideSearch", "partitions", "random_partitions"]

Groups = tuple[tuple[str, ...], ...]

_ALL_OF = 4
"""Tasks up to which every partition is tried; there are 15 of four."""
_FINALISTS = 4
_CHUNK = 8


def partitions(tasks: Sequence[str]) -> Iterator[Groups]:
    """Yield every partition.

    >>> len(list(partitions("abcd")))
    15
    """
    if not tasks:
        yield ()
        return
    *rest, last = tasks
    for groups in partitions(rest):
        for at in range(len(groups)):
            yield (*groups[:at], (*groups[at], last), *groups[at + 1 :])
        yield (*groups, (last,))


def random_partitions(tasks: Sequence[str], seed: int = 0) -> Iterator[Groups]:
    """Yield different partitions, any number of groups alike: each group gets a task, and the others join any."""
    draw, seen = np.random.default_rng(seed), set[Groups]()
    for _ in range(100_000):
        count = int(draw.integers(1, len(tasks) + 1))
        some = np.concatenate([np.arange(count), draw.integers(0, count, len(tasks) - count)])
        owner = draw.permutation(some).tolist()
        groups = tuple(
            tuple(task for task, own in zip(tasks, owner, strict=True) if own == group)
            for group in dict.fromkeys(owner)
        )
        if groups not in seen:
            seen.add(groups)
            yield groups


@dataclass(eq=False)
class WideSearch:
    """Trainings of many partitions with one seed each, and of the best few with all seeds.

    Attributes:
        prepared: with its test rows.
        race: on the same rows without them, in the folder of the advice: a training of one is one of the other.
        seeds: of the finalists.
        known: name -> candidate that was tried.
        whole: True if every partition is.
    """

    prepared: Prepared
    race: Race
    seeds: int
    known: dict[str, Candidate] = field(default_factory=dict)
    whole: bool = False

    def candidate(self, groups: Groups) -> Candidate:
        """Return a partition as `torso.advise` would train it."""
        for end in first_candidates(self.prepared.config):
            if set(end.groups) == set(groups):
                return end
        name = " | ".join(" + ".join(group) for group in groups)
        tree = [list(group) for group in groups]
        return Candidate(name, groups, {"sharing": {"type": "branches", "tree": tree}})

    def train(self, candidates: Sequence[Candidate], seeds: int = 1) -> None:
        """Train candidates with so many seeds, as far as they are not."""
        for seed in range(seeds):
            some = [each for each in candidates if self.trainings(each.name) == seed]
            if some:
                self.race.train(some, seed)
        self.known |= {each.name: each for each in candidates if self.trainings(each.name)}

    def trainings(self, name: str) -> int:
        """Return how often a candidate was trained."""
        return len(self.race.outcomes.get(name, ()))

    def cost(self, name: str, trainings: int | None = None) -> float:
        """Return the CPU seconds of a candidate's first trainings; None: of all."""
        return sum(own.cpu_seconds for own in self.race.outcomes.get(name, ())[:trainings])

    @property
    def spent(self) -> float:
        """CPU seconds of all trainings."""
        return sum(map(self.cost, self.known))

    def run(self, most: float) -> str:
        """Try partitions for so many CPU seconds, and return the name of the best on the validation rows."""
        tasks = tuple(self.prepared.schema.targets)
        together, singles = first_candidates(self.prepared.config)
        self.train([together, singles])
        every = len(tasks) <= _ALL_OF
        drawn = partitions(tasks) if every else random_partitions(tasks)
        while every or self.spent < most:
            some = [self.candidate(groups) for groups in islice(drawn, 1 if every else _CHUNK)]
            if not some:
                self.whole = True
                break
            self.train(some)
        with mock.patch("torso.studies.paired._RESAMPLES", 2):  # points alone rank
            ranked = sorted(self.known, key=lambda name: self.over(name, 1).value, reverse=True)
            final = [name for name in ranked if name != TOGETHER][:_FINALISTS]
            self.train([together, *(self.known[name] for name in final)], self.seeds)
            lead = {name: self.over(name, self.seeds).value for name in final}
        return max([TOGETHER, *final], key=lambda name: lead.get(name, 0.0))

    def over(self, name: str, seeds: int) -> Estimate:
        """Return Δm of a candidate over all together on the validation rows."""
        pair = self.race.measured(name, seeds), self.race.measured(TOGETHER, seeds)
        return difference(*pair).delta

    def tested(self, name: str, other: str = TOGETHER) -> Estimate:
        """Return Δm of a candidate over another on the test rows, by all its seeds."""
        if name == other:
            return Estimate(0.0, 0.0, 0.0)
        return difference(self._on_test(name), self._on_test(other)).delta

    def _on_test(self, name: str) -> Measures:
        part, answers = self.prepared.parts["test"], []
        rows = part.table.take(part.rows)
        for outcome in self.race.outcomes[name][: self.seeds]:
            assert outcome.folder is not None
            held_out = load(outcome.folder).evaluate(rows, resamples=0, details=True).held_out
            assert held_out is not None
            answers.append(held_out)
        return measures_of(answers)
