"""The tournament: one question after another about the run as it is, and at the end all winners together.

All questions share one preparation, and a training that two of them need is made once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from torso.evaluation.estimate import Estimate
from torso.runs.predicting.load import load
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut
from torso.studies.advise.answer import UNKNOWN, Answer, Raced
from torso.studies.advise.asking import Plan
from torso.studies.advise.choose import advantage, difference, measures_of, surely
from torso.studies.advise.plan import Candidate
from torso.studies.advise.question import Choice, Question, ShortList
from torso.studies.advise.race import Race, to_choose_on
from torso.studies.variants import Means, Outcome
from torso.training import Listener

__all__ = ["OWN", "Together", "Tournament"]

OWN = "the run as it is"
ALL_WINNERS = "all winners together"
_ONE_SEED = "One seed each: intervals are about rows alone, as the spread of seeds is unknown."
_NO_TIME = "The time was over before another candidate was trained to the end: nothing was compared. Give it a larger --budget."


@dataclass(frozen=True)
class Together:
    """All winners together.

    Attributes:
        settings: that train them.
        inputs: that they read; None for all.
        words: in sentences.
        over: Δm over the run as it is, on the rows that chose; NaN where they were not trained together.
        test: the same on the test rows.
    """

    settings: Mapping[str, object]
    inputs: tuple[str, ...] | None
    words: tuple[str, ...] = ()
    over: Estimate = UNKNOWN
    test: Estimate = UNKNOWN


@dataclass
class Tournament:
    """Questions about one run.

    Attributes:
        prepared: of the run.
        plan: questions and costs.
        means: folder and time for all.
        listener: is told of trainings, and of notes.
        known: trainings so far.
        split: rows that choose.
    """

    prepared: Prepared
    plan: Plan
    means: Means
    listener: Listener
    known: dict[str, Outcome] = field(default_factory=dict)
    began: float = field(default_factory=monotonic)

    @property
    def split(self) -> str:
        """Rows that choose."""
        return next((own.held_out.split for own in self.known.values()), "validation")

    def answers(self) -> tuple[Answer, ...]:
        """Return an answer to each question; the time that is left is shared among those to come."""
        costs = [self.plan.seconds_of(question) for question in self.plan.questions]
        given = []
        for at, question in enumerate(self.plan.questions):
            share = costs[at] / (sum(costs[at:]) + self.plan.last)
            began = monotonic()
            answer = self._answer(question, self._race(share))
            took = monotonic() - began
            given.append(replace(answer, planned_seconds=costs[at], seconds=took))
        return tuple(given)

    def _race(self, share: float = 1.0) -> Race:
        """Return a race with a share of the time that is left."""
        left = self.means.seconds
        if left is not None:
            left = max(1e-3, left - (monotonic() - self.began)) * share
        means = replace(self.means, budget=left)
        return Race(to_choose_on(self.prepared), means, self.listener, known=self.known)

    def _answer(self, question: Question, race: Race) -> Answer:
        config, told = self.prepared.config, self.listener.noted
        own, plain = question.own(config), question.reference(config)
        race.stays = question.rule()
        race.train(question.first(config), 0)
        if own.name not in race.outcomes:
            why = race.dropped.get(own.name) or "the budget was spent before"
            words = (f"No answer about {question.name}: nothing could be trained: {why}.",)
            return Answer(question.name, own.name, plain, own.name, words)
        short = question.short_list(race)
        candidates = [*short.candidates]
        race.run(candidates, self.plan.seeds, told)
        further = question.further(race, candidates)
        if further:
            race.run([*further, own], self.plan.seeds, told)
            candidates = sorted([*candidates, *further], key=lambda each: each.rank)
        measures = race.measures()
        trained = [each for each in candidates if each.name in measures]
        choice = question.choice(trained, measures)
        return self._told(question, race, replace(short, candidates=candidates), choice)

    def _told(self, question: Question, race: Race, short: ShortList, choice: Choice) -> Answer:
        """Return the answer with its figures."""
        config = self.prepared.config
        own, plain = question.own(config).name, question.reference(config)
        notes = [*short.notes, *race.notes, *([_ONE_SEED] if self.plan.seeds == 1 else [])]
        if len(race.measures()) < 2:
            notes.append(_NO_TIME)
        test, by_task = self._tested(race, choice.best.name, own)
        return Answer(
            about=question.name,
            own=own,
            plain=plain,
            recommended=choice.best.name,
            words=choice.words,
            raced=tuple(
                _raced(each, race, (own, plain), choice.verdicts.get(each.name, ""))
                for each in short.candidates
            ),
            test=test,
            test_by_task=by_task,
            origin=short.origin,
            notes=tuple(notes),
        )

    def _tested(self, race: Race, best: str, own: str) -> tuple[Estimate, dict[str, Estimate]]:
        """Return by how much a candidate is better than the run as it is on the test rows, over all and by task."""
        part = self.prepared.parts["test"]
        if best == own or not len(part.rows) or not {best, own} <= race.outcomes.keys():
            return UNKNOWN, {}
        rows = part.table.take(part.rows)
        count = min(len(race.outcomes[name]) for name in (best, own))
        first, second = (
            measures_of([_answered(outcome, rows) for outcome in race.outcomes[name][:count]])
            for name in (best, own)
        )
        by_task = {task: difference(first, second, task).delta for task in second.tasks}
        return difference(first, second).delta, by_task

    def together(self, answers: Sequence[Answer]) -> Together:
        """Return the winners in one run: where several questions change it, they are trained together and compared."""
        winners = [answer for answer in answers if answer.raced and _changes(answer)]
        if not winners:
            return Together({}, None)
        if len(winners) == 1:
            best = winners[0].best
            return Together(best.settings, best.inputs, test=winners[0].test)
        winners, words = _without_clash(winners)
        settings = {key: own for each in winners for key, own in each.best.settings.items()}
        inputs = next((each.best.inputs for each in winners if each.best.inputs), None)
        return self._compared(winners, Together(settings, inputs, tuple(words)))

    def _compared(self, winners: Sequence[Answer], merged: Together) -> Together:
        """Return the winners together, unless that is surely worse than the run as it is or than one of them alone."""
        names = " and ".join(each.about for each in winners)
        both = Candidate(ALL_WINNERS, (), merged.settings, inputs=merged.inputs)
        alone = [
            Candidate(each.about, (), each.best.settings, inputs=each.best.inputs)
            for each in winners
        ]
        race = self._race()
        for seed in range(self.plan.seeds):
            race.train([Candidate(OWN, (), {}), both, *alone], seed)
        measures = race.measures()
        if both.name not in measures or OWN not in measures:
            untried = f"The winners about {names} were not trained together, since the time was over: run.yaml has all of them."
            return replace(merged, words=(*merged.words, untried))
        over = difference(measures[both.name], measures[OWN])
        behind = [
            each
            for each in (*alone, Candidate(OWN, (), {}))
            if each.name in measures
            and surely(advantage(measures[each.name], measures[both.name]), len(alone) + 1)
        ]
        test, _ = self._tested(race, both.name, OWN)
        told = over.delta
        size = f"Δm {told.value:+.1f} % (95 % interval {told.low:+.1f} to {told.high:+.1f})"
        if not behind:
            said = (
                f"The winners about {names}, trained together, are beside the run as it is: {size}."
            )
            return replace(merged, words=(*merged.words, said), over=told, test=test)
        best = max(
            behind, key=lambda each: difference(measures[each.name], measures[OWN]).delta.value
        )
        said = f"The winners about {names} do not go together ({size}): {best.name} alone is surely better."
        test, _ = self._tested(race, best.name, OWN)
        return Together(best.settings, best.inputs, (*merged.words, said), told, test)


def _changes(answer: Answer) -> bool:
    """Return True if a winner is another run than the one that was asked about."""
    return bool(answer.best.settings) or answer.best.inputs is not None


def _without_clash(winners: Sequence[Answer]) -> tuple[list[Answer], list[str]]:
    """Return the winners of which no two change the same setting: groups are a sharing, too."""
    kept, words = list[Answer](), list[str]()
    for each in winners:
        clash = [other for other in kept if {*other.best.settings} & {*each.best.settings}]
        if clash:
            words.append(
                f"The winners about {clash[0].about} and {each.about} are two values of one setting: that of {clash[0].about} "
                "is kept."
            )
        else:
            kept.append(each)
    return kept, words


def _answered(outcome: Outcome, rows: object) -> HeldOut:
    assert outcome.folder is not None
    answers = load(outcome.folder).evaluate(rows, resamples=0, details=True).held_out
    assert answers is not None
    return answers


def _raced(candidate: Candidate, race: Race, ends: Sequence[str], verdict: str) -> Raced:
    own: Sequence[Outcome] = race.outcomes.get(candidate.name, ())
    over = {}
    for end in dict.fromkeys(ends):
        seeds = min(len(own), len(race.outcomes.get(end, ())))
        if end != candidate.name and seeds:
            pair = race.measured(candidate.name, seeds), race.measured(end, seeds)
            over[end] = difference(*pair).delta
    return Raced(
        name=candidate.name,
        groups=candidate.groups,
        settings=candidate.settings,
        predicted=candidate.gain,
        seeds=len(own),
        over=over,
        seconds=sum(outcome.seconds for outcome in own) / len(own) if own else math.nan,
        left=race.dropped.get(candidate.name, ""),
        inputs=candidate.inputs,
        verdict=verdict,
    )
