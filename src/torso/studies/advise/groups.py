"""The question of groups: which tasks share a trunk. Affinities propose, the race decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torso.evaluation.estimate import number_out
from torso.runs.settings.config import RunConfig
from torso.studies.advise.answer import UNKNOWN
from torso.studies.advise.choose import Measures, advantage, chosen, difference, surely
from torso.studies.advise.plan import (
    MOST_BETWEEN,
    SINGLES,
    TOGETHER,
    Candidate,
    cost_of_trunks,
    first_candidates,
    short_list,
)
from torso.studies.advise.question import Choice, Question, ShortList
from torso.studies.advise.race import Race, Stays, overlap_of
from torso.studies.advise.words import advice_words
from torso.studies.affinity import affinity_of, gains_of

__all__ = ["Groups"]


class Groups(Question):
    """Which tasks to train together.

    Args:
        most_models: groups at most, for a budget of models; None: as many as tasks.
    """

    name = "groups"

    def __init__(self, most_models: int | None = None) -> None:
        self.most_models = most_models

    def unaskable(self, config: RunConfig) -> str:
        """Return why there is nothing to group."""
        return "There is one task: nothing can be grouped." if len(config.targets) < 2 else ""

    def own(self, config: RunConfig) -> Candidate:
        """Return all tasks together, in one trunk."""
        return first_candidates(config)[0]

    def first(self, config: RunConfig) -> list[Candidate]:
        """Return both ends: the gradients of the one and the answers of the other propose groupings."""
        together, singles = first_candidates(config)
        few = self.most_models is not None and self.most_models < singles.models
        return [together] if few else [together, singles]

    def reference(self, config: RunConfig) -> str:
        """Return single tasks."""
        del config
        return SINGLES

    def expected(self, config: RunConfig) -> tuple[list[str], list[float]]:
        """Return the ends, and how many groupings may stand between them."""
        tasks = len(config.targets)
        most = tasks if self.most_models is None else min(tasks, self.most_models)
        middle = 0 if most < 2 or tasks < 3 else MOST_BETWEEN
        models = [1, *range(2, 2 + middle), *([most] if most > 1 else [])]
        between = f"up to {middle} grouping{'s' if middle > 1 else ''}"
        names = [TOGETHER, *([between] if middle else []), *([SINGLES] if most == tasks else [])]
        return names, [cost_of_trunks(count) for count in models]

    def short_list(self, race: Race) -> ShortList:
        """Return the ends, and the groupings that the affinities of the first training propose."""
        prepared = race.prepared
        tasks = list(prepared.schema.targets)
        affinity = affinity_of(race.looks(), tasks, overlap_of(prepared))
        alike = race.likeness()
        candidates = short_list(prepared.config, affinity, self.most_models, gains_of(alike))
        notes = [*affinity.silent, *affinity.notes]
        shown = [[number_out(cell) for cell in row] for row in alike.tolist()]
        return ShortList(candidates, notes, {"affinity": affinity.to_dict(), "likeness": shown})

    def rule(self) -> Stays | None:
        """Return None: the race's own rule is about groups."""
        return None

    def choice(self, candidates: Sequence[Candidate], measures: Mapping[str, Measures]) -> Choice:
        """Return the grouping to take."""
        best = chosen(candidates, measures)
        ends = {name: measures[name] for name in (TOGETHER, SINGLES) if name in measures}
        over, sure = UNKNOWN, False
        if TOGETHER in ends:
            over = difference(measures[best.name], ends[TOGETHER]).delta
            sure = surely(advantage(measures[best.name], ends[TOGETHER]))
        both = difference(ends[TOGETHER], ends[SINGLES]).delta if len(ends) == 2 else None
        return Choice(best, advice_words(best, over, both, sure))
