"""Questions about a part of the run: which fusion, how much sharing, which balancing. The plain part is always among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torso.core.spec import Spec
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.studies.advise.plan import Candidate, cost_of_trunks
from torso.studies.advise.question import Question, ShortList
from torso.studies.advise.race import Race

__all__ = ["BALANCING", "FUSION", "SHARING", "PartQuestion"]

_MOST_WEIGHED = 3
_FACTOR = 3.0  # that a task's weight is raised by


@dataclass(frozen=True)
class _Offer:
    """A part that is tried.

    Attributes:
        name: in words.
        value: as a setting.
        cost: of a training, in trainings of the run as it is.
    """

    name: str
    value: object
    cost: float = 1.0


class PartQuestion(Question):
    """Which part of a room to take.

    Args:
        room: the setting, and the name of the question.
        plain: the plain part.
        offers: others, by their complexity.
    """

    def __init__(self, room: str, plain: str, offers: Sequence[_Offer]) -> None:
        self.name, self.plain, self.offers = room, plain, offers

    def unaskable(self, config: RunConfig) -> str:
        """Return why there is nothing to ask: a fusion joins modalities, the others are about tasks."""
        if self.name == "fusion":
            alone = len(Schema(config.inputs, config.targets).modalities) < 2
            return "There is one modality: nothing is fused." if alone else ""
        verb = {"sharing": "shared", "balancing": "balanced"}[self.name]
        return f"There is one task: nothing is {verb}." if len(config.targets) < 2 else ""

    def own(self, config: RunConfig) -> Candidate:
        """Return the run as it is."""
        name = Spec.parse(getattr(config, self.name)).name
        return Candidate(name, (), {}, rank=int(name != self.plain))

    def reference(self, config: RunConfig) -> str:
        """Return the plain part."""
        del config
        return self.plain

    def candidates(self, config: RunConfig) -> list[Candidate]:
        """Return the plain part, the run's own, and the others."""
        own = self.own(config)
        plain = [] if own.name == self.plain else [_Offer(self.plain, self.plain)]
        offers = [each for each in self._offers(config) if each.name != own.name]
        tried = [
            Candidate(each.name, (), {self.name: each.value}, rank=rank, cost=each.cost)
            for rank, each in [*enumerate(plain), *enumerate(offers, 2)]
        ]
        return sorted([own, *tried], key=lambda each: each.rank)

    def _offers(self, config: RunConfig) -> list[_Offer]:
        """Return the offers; trunks of their own cost more, the more tasks there are."""
        tasks = len(config.targets)
        return [
            each
            if each.value != "separate"
            else _Offer(each.name, each.value, cost_of_trunks(tasks))
            for each in self.offers
        ]

    def expected(self, config: RunConfig) -> tuple[list[str], list[float]]:
        """Return all candidates: they are known beforehand."""
        candidates = self.candidates(config)
        return [each.name for each in candidates], [each.cost for each in candidates]

    def short_list(self, race: Race) -> ShortList:
        """Return all candidates."""
        return ShortList(self.candidates(race.prepared.config))


class _Balancing(PartQuestion):
    """Which balancing to take; fixed weights are tuned by raising one task at a time."""

    def _offers(self, config: RunConfig) -> list[_Offer]:
        """Return weights that raise a task, for the first few tasks, before the methods."""
        raised = [
            _Offer(
                f"fixed ({task} ×{_FACTOR:g})",
                {"type": "fixed", "weights": _raised(task, list(config.targets))},
            )
            for task in list(config.targets)[:_MOST_WEIGHED]
        ]
        return [*raised, *self.offers]


def _raised(task: str, tasks: Sequence[str]) -> dict[str, float]:
    """Return weights of mean 1.

    >>> _raised("a", ["a", "b"])
    {'a': 1.5, 'b': 0.5}
    """
    total = _FACTOR + len(tasks) - 1
    weights = {name: (_FACTOR if name == task else 1.0) * len(tasks) / total for name in tasks}
    return {name: float(f"{weight:.4g}") for name, weight in weights.items()}


FUSION = PartQuestion(
    "fusion",
    "concat",
    [
        _Offer("gated", "gated"),
        _Offer("sequential", "sequential", 1.3),
        _Offer("hierarchical", "hierarchical", 1.3),
        _Offer("transformer", "transformer", 1.8),
    ],
)
"""Parallel (concat, gated, transformer), sequential and hierarchical."""

SHARING = PartQuestion(
    "sharing", "hard", [_Offer("mmoe", "mmoe", 1.3), _Offer("separate", "separate")]
)
"""All, part and nothing."""

BALANCING = _Balancing(
    "balancing", "equal", [_Offer("uncertainty", "uncertainty"), _Offer("upgrad", "upgrad", 1.3)]
)
"""Equal and fixed weights, one method of losses and one of gradients."""
