"""A question of the advice: the candidates that answer it, those that go on, and the choice between them.

All questions are asked alike: the run as it is and the plain candidate are trained, a short list beside them, seed by seed,
and the choice changes the run only for evidence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torso.runs.settings.config import RunConfig
from torso.studies.advise.choose import Measures
from torso.studies.advise.decide import Verdict, decided, going_on
from torso.studies.advise.plan import Candidate
from torso.studies.advise.race import Race, Stays
from torso.studies.advise.words import decision_words

__all__ = ["Choice", "Question", "ShortList"]


@dataclass(frozen=True)
class ShortList:
    """Candidates that are trained.

    Attributes:
        candidates: the simplest first.
        notes: for the user.
        origin: where they come from, for JSON.
    """

    candidates: Sequence[Candidate]
    notes: Sequence[str] = ()
    origin: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """The candidate to take.

    Attributes:
        best: the candidate.
        words: why, in sentences.
        verdicts: name of a candidate -> the verdict on it against the run as it is.
    """

    best: Candidate
    words: tuple[str, ...]
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


class Question(ABC):
    """A question about a run.

    Attributes:
        name: as users ask it.
    """

    name: str

    @abstractmethod
    def unaskable(self, config: RunConfig) -> str:
        """Return why there is nothing to ask; empty where there is something."""

    @abstractmethod
    def own(self, config: RunConfig) -> Candidate:
        """Return the run as it is, as a candidate."""

    def first(self, config: RunConfig) -> list[Candidate]:
        """Return the candidates that are trained before the short list is made."""
        return [self.own(config)]

    @abstractmethod
    def expected(self, config: RunConfig) -> tuple[list[str], list[float]]:
        """Return the candidates in words, and the cost of each, for the plan."""

    @abstractmethod
    def short_list(self, race: Race) -> ShortList:
        """Return the candidates, once the run as it is was trained in the race."""

    def reference(self, config: RunConfig) -> str:
        """Return the candidate that all are compared with beside the run as it is: the plain one."""
        return self.own(config).name

    def further(self, race: Race, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return candidates that follow from those that were trained."""
        del race, candidates
        return []

    def rule(self) -> Stays | None:
        """Return the rule by which candidates go on to another seed; None: that of the race."""
        return lambda going, measures: going_on(going, self._own_of(going), measures)

    def choice(self, candidates: Sequence[Candidate], measures: Mapping[str, Measures]) -> Choice:
        """Return the candidate to take.

        Args:
            candidates: those that were trained.
            measures: name -> its metrics on the rows that choose.
        """
        own = self._own_of(candidates)
        decision = decided(candidates, own, measures)
        words = decision_words(decision, own, self.keep(own), self.take(decision.best, own))
        return Choice(decision.best, words, decision.verdicts)

    def keep(self, own: Candidate) -> str:
        """Return the advice to keep the run as it is."""
        return f"Keep {self.name} {own.name}"

    def take(self, best: Candidate, own: Candidate) -> str:
        """Return the advice to take another candidate."""
        return f"Take {self.name} {best.name} in the place of {own.name}"

    def _own_of(self, candidates: Sequence[Candidate]) -> Candidate:
        """Return the run as it is among candidates: it has no settings and all inputs."""
        return next(each for each in candidates if not each.settings and each.inputs is None)
