"""The race: candidates are trained seed by seed, and after each seed those that cannot win leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

import numpy as np

from torso.evaluation.weighted import Floats
from torso.runs.folder.logged_looks import read_looks
from torso.runs.preparing.prepared import Prepared
from torso.studies.advise.choose import Measures, advantage, measures_of, undecided
from torso.studies.advise.plan import SINGLES, TOGETHER, Candidate
from torso.studies.affinity import labels_overlap, likeness, overlap_enough
from torso.studies.variants import Means, Outcome, Variant, train_variants
from torso.studies.variants.training import NO_TIME
from torso.tasks import labelled
from torso.training import Listener
from torso.training.listeners import Look

__all__ = ["Overlap", "Race", "Stays", "looks_every", "overlap_of", "to_choose_on"]

Overlap = dict[tuple[str, str], tuple[int, float]]
Stays = Callable[[Sequence[Candidate], Mapping[str, Measures]], set[str]]

_LOOKING = "training.looks"
_LOOKS = 24
"""Looks at the gradients in the first training of all tasks together, about."""
_GO_ON = 3
"""Groupings that go on to the next seed, at most."""
_MORE_SEEDS = 4
"""Seeds that are added where seeds disagree."""
_LEAST_LEAD = 1 / 3
"""Of the leader's lead, in logarithms of ratios: what a grouping needs to go on."""
_NEAREST = 12  # steps from one look to the next, at least
_FEW_LOOKS = 12
"""Looks of a training that is too short for `_NEAREST`: fewer say nothing."""
_NEAREST_OF_TASK = 2
"""The same for each task: a look takes a backward pass of each."""


def to_choose_on(prepared: Prepared) -> Prepared:
    """Return the preparation without its test rows: candidates are compared on the validation rows alone."""
    test = prepared.parts["test"]
    empty = replace(test, rows=np.zeros(0, dtype=test.rows.dtype))
    return replace(prepared, parts={**prepared.parts, "test": empty})


def overlap_of(prepared: Prepared) -> Overlap:
    """Return pair of tasks -> training rows with both labels, and their share of the rarer task's."""
    part = prepared.parts["training"]
    known = {task: labelled(target[part.rows]) for task, target in part.dataset.targets.items()}
    return labels_overlap(known)


def looks_every(prepared: Prepared) -> int:
    """Return the steps from one look at the gradients to the next in a training on a preparation.

    0, no looks, where no two tasks share enough rows for a look to say anything.
    """
    if not any(overlap_enough(*own) for own in overlap_of(prepared).values()):
        return 0
    training = prepared.config.training
    batches = len(prepared.parts["training"].rows) // (training.batch_size or 64) + 1
    steps, of_tasks = training.epochs * batches, _NEAREST_OF_TASK * len(prepared.schema.targets)
    nearest = min(_NEAREST, max(2, steps // _FEW_LOOKS)) if of_tasks <= _NEAREST else of_tasks
    return max(nearest, steps // _LOOKS)


@dataclass(eq=False)
class Race:
    """Trainings of candidates, and their results.

    Attributes:
        prepared: from `to_choose_on`.
        means: folder, workers and time for all.
        listener: is told of trainings that are done.
        outcomes: candidate -> its trainings, a seed each.
        dropped: candidate -> why it left.
        notes: for the user.
        stays: names of the candidates that go on, by those that were trained and their metrics; None: the rule of groups.
        known: trainings of other races of the advice: candidates of two questions may be one training.
    """

    prepared: Prepared
    means: Means
    listener: Listener = field(default_factory=Listener)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=monotonic)
    stays: Stays | None = None
    known: dict[str, Outcome] = field(default_factory=dict)

    @property
    def left(self) -> float | None:
        """Seconds that are left of the budget; None for any."""
        if self.means.seconds is None:
            return None
        return self.means.seconds - (monotonic() - self.began)

    def train(self, candidates: Sequence[Candidate], seed: int) -> None:
        """Train each candidate with a seed, as far as there is time.

        Args:
            candidates: that go on.
            seed: added to the run's.
        """
        own = self.prepared.config.seed + seed
        variants = [self._variant(candidate, own, seed) for candidate in candidates]
        keys = [_key(variant) for variant in variants]
        for candidate, key in zip(candidates, keys, strict=True):
            if key in self.known:
                self.outcomes.setdefault(candidate.name, []).append(self.known[key])
        candidates = [c for c, key in zip(candidates, keys, strict=True) if key not in self.known]
        variants = [v for v, key in zip(variants, keys, strict=True) if key not in self.known]
        left = self.left
        if not candidates or (left is not None and left <= 0):
            return
        means = replace(self.means, budget=left)
        result = train_variants(self.prepared, variants, means, self.listener)
        late = 0
        for candidate, variant in zip(candidates, variants, strict=True):
            if (outcome := result.outcomes.get(variant.name)) is not None:
                self.known[_key(variant)] = outcome
                self.outcomes.setdefault(candidate.name, []).append(outcome)
            else:
                why = result.left_out.get(variant.name, "")
                if candidate.name in self.outcomes and why.startswith(NO_TIME):
                    late += 1
                    continue
                if candidate.name not in self.outcomes:
                    self.dropped[candidate.name] = why
                self.notes.append(f"Not trained: {variant.name}: {why}.")
        if late:
            many = "one candidate" if late == 1 else f"{late} candidates"
            self.notes.append(
                f"No time was left for seed {seed + 1} of {many}: the figures are of the seeds before."
            )

    def _variant(self, candidate: Candidate, own: int, number: int) -> Variant:
        settings = {**candidate.settings, "seed": own, "budget": None}
        if candidate.name == TOGETHER and not number:
            settings[_LOOKING] = looks_every(self.prepared)
        return Variant(f"{candidate.name}, seed {own}", settings, inputs=candidate.inputs)

    def looks(self) -> list[Look]:
        """Return the looks at the gradients in the first training of all tasks together."""
        folder = self.outcomes[TOGETHER][0].folder
        return [] if folder is None else read_looks(Path(folder) / "log.jsonl")

    def likeness(self) -> Floats:
        """Return the likeness `[tasks, tasks]` of single tasks' answers; NaN where single tasks were not trained."""
        tasks = list(self.prepared.schema.targets)
        singles = self.outcomes.get(SINGLES)
        return likeness(singles[0].held_out.tasks if singles else {}, tasks)

    def measures(self) -> dict[str, Measures]:
        """Return the metrics of the candidates with the most seeds that two of them have, on these seeds."""
        counts = sorted(map(len, self.outcomes.values()), reverse=True)
        seeds = counts[min(1, len(counts) - 1)] if counts else 0
        return {
            name: self.measured(name, seeds)
            for name, own in self.outcomes.items()
            if len(own) >= seeds
        }

    def measured(self, name: str, seeds: int) -> Measures:
        """Return the metrics of a candidate on its first seeds."""
        return measures_of([outcome.held_out for outcome in self.outcomes[name][:seeds]])

    def run(
        self,
        candidates: Sequence[Candidate],
        seeds: int,
        told: Callable[[str], None] = lambda text: None,  # noqa: ARG005
    ) -> None:
        """Train with one seed after another; those that neither lead nor are needed to compare leave.

        From Jamieson and Talwalkar 2016 (https://arxiv.org/abs/1502.07943), successive halving over seeds. Differs: all
        together and single tasks stay, since the advice has to be surely better than both.

        Args:
            candidates: the short list.
            seeds: of those that stay to the end; up to four more where seeds disagree.
            told: is told of each round.
        """
        going = list(candidates)
        for seed in range(seeds):
            trained = [c for c in going if len(self.outcomes.get(c.name, ())) <= seed]
            if trained:
                self.train(trained, seed)
            going = [c for c in going if len(self.outcomes.get(c.name, ())) > seed]
            if not going:
                return
            told(f"Seed {seed + 1} of {seeds}: {len(going)} candidates trained.")
            if seed + 1 < seeds:
                going = self._stay(going)
        if self.stays is None:
            self._more(going, seeds, told)

    def _more(self, going: Sequence[Candidate], seeds: int, told: Callable[[str], None]) -> None:
        """Train with further seeds as long as these may decide; with `seeds` of 1, none are added."""
        for seed in range(seeds, seeds + _MORE_SEEDS if seeds > 1 else seeds):
            going = undecided(going, self.measures())
            if not going:
                return
            told(f"The seeds disagree: seed {seed + 1} of up to {seeds + _MORE_SEEDS}.")
            self.train([own for own in going if len(self.outcomes[own.name]) == seed], seed)

    def _stay(self, going: Sequence[Candidate]) -> list[Candidate]:
        """Return those that go on: the ends, and the best groupings with a part of the leader's lead over all together.

        After a seed or two their spread is hardly known, so a grouping that is a little behind is not given up.
        """
        measures = self.measures()
        if self.stays is not None:
            return self._left(going, self.stays(going, measures), measures)
        first = measures[going[0].name]
        lead = {own.name: advantage(measures[own.name], first).difference.value for own in going}
        between = [own for own in going if own.name not in (TOGETHER, SINGLES)]
        ahead = sorted(between, key=lambda own: -lead[own.name])[:_GO_ON]
        enough = _LEAST_LEAD * max(lead.values())
        stay = {TOGETHER, SINGLES} | {own.name for own in ahead if lead[own.name] >= enough}
        return self._left(going, stay, measures)

    def _left(
        self, going: Sequence[Candidate], stay: set[str], measures: Mapping[str, Measures]
    ) -> list[Candidate]:
        for candidate in going:
            if candidate.name not in stay:
                self.dropped[candidate.name] = (
                    f"left after {measures[candidate.name].seeds} of the seeds"
                )
        return [candidate for candidate in going if candidate.name in stay]


def _key(variant: Variant) -> str:
    """Return a text that is equal for equal trainings; looks change none."""
    settings = {key: value for key, value in variant.settings.items() if key != _LOOKING}
    return json.dumps([settings, variant.inputs], sort_keys=True, default=str)
