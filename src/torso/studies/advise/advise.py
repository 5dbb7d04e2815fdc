"""`torso.advise`: which tasks to train together, by evidence from the user's own table."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from torso.core.errors import ConfigError
from torso.evaluation.estimate import Estimate, number_out
from torso.runs.folder.folder import RunFolder
from torso.runs.predicting.load import load
from torso.runs.predicting.predictor import Predictor
from torso.runs.prepare import prepare
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut
from torso.runs.settings.durations import duration_text
from torso.studies.advise.choose import advantage, chosen, difference, measures_of, surely
from torso.studies.advise.plan import (
    MOST_BETWEEN,
    SINGLES,
    TOGETHER,
    Candidate,
    first_candidates,
    seconds_of_race,
    short_list,
)
from torso.studies.advise.race import Race, overlap_of, to_choose_on
from torso.studies.advise.report import UNKNOWN, Advice, Raced
from torso.studies.advise.words import advice_words, plan_words
from torso.studies.affinity import affinity_of, gains_of
from torso.studies.variants import Means, Outcome
from torso.training import Listener

__all__ = ["advise", "planned"]

STUDY = "advice"
_RUNS = "advise"
"""Folder in the run's own that keeps the trainings."""
_ONE_TASK = "There is one task: nothing can be grouped."


def advise(
    run: Predictor | str | Path,
    table: object = None,
    *,
    budget: str | float | None = None,
    seeds: int = 3,
    most_models: int | None = None,
    listener: Listener | None = None,
) -> Advice:
    """Tell which tasks to train together: groupings are proposed by affinities, really trained, and compared.

    Candidates are chosen on the validation rows; the test rows only say at the end how much the choice is worth. The
    trainings lie in `RUN/advise`, so that an interrupted advice goes on; the advice is `RUN/studies/advice.json`, and
    `RUN/advise/run.yaml` trains the winner.

    Args:
        run: a run that lies in a folder, or the folder.
        table: that it was fitted on; None: where its `run.yaml` says.
        budget: time for all trainings, `"30m"` or seconds; None: any.
        seeds: trainings of each candidate that stays to the end; up to four more where seeds disagree.
        most_models: groups at most, for a budget of models; None: as many as tasks.
        listener: is told of trainings that are done, and of notes.

    Raises:
        ConfigError: the run lies in no folder, or the budget is too small for two trainings.
        RunError: the folder holds no run.
    """
    folder, costs = _asked(run, seeds, most_models)
    together, _ = first_candidates(folder.config())
    if len(together.groups[0]) < 2:
        return _kept(folder, together)
    words, told = costs.words(len(together.groups[0]), most_models), listener or Listener()
    means = Means(folder=folder.path / _RUNS, budget=budget)
    costs.check(means)
    for sentence in words:
        told.noted(sentence)
    settings = {"budget": None, "refit": False, "search": False}
    config = folder.path / "run.yaml"
    prepared = prepare(table, config=config, settings=settings, listener=told)
    advice = _raced(prepared, Race(to_choose_on(prepared), means, told), costs, most_models)
    _write(folder, prepared, advice)
    return advice


def planned(
    run: Predictor | str | Path, *, seeds: int = 3, most_models: int | None = None
) -> tuple[tuple[str, ...], float]:
    """Return the candidates and the cost of an advice in sentences, and its seconds; nothing is trained.

    Args:
        run: as for `advise`.
        seeds: as for `advise`.
        most_models: as for `advise`.

    Raises:
        ConfigError: as for `advise`.
    """
    folder, costs = _asked(run, seeds, most_models)
    tasks = folder.config().targets
    if len(tasks) < 2:
        return (_ONE_TASK,), 0.0
    return costs.words(len(tasks), most_models), costs.planned


def _asked(
    run: Predictor | str | Path, seeds: int, most_models: int | None
) -> tuple[RunFolder, _Costs]:
    """Return the folder of a run, and the costs of its trainings."""
    path = run.folder if isinstance(run, Predictor) else Path(run).expanduser()
    if path is None:
        raise ConfigError(
            "`run` should lie in a folder, which keeps the trainings. Found one in memory. Train it with out='runs/first'."
        )
    if seeds < 1 or (most_models is not None and most_models < 1):
        raise ConfigError(
            f"`seeds` and `most_models` should be 1 or more. Found {seeds}, {most_models}."
        )
    folder = RunFolder(path)
    seconds = folder.report().training.seconds.training
    return folder, _Costs(max(seconds, 0.1), _cores(), seeds)


@dataclass
class _Costs:
    """Seconds of trainings, told beforehand.

    Attributes:
        training: seconds of the run's own training.
        workers: trainings at once.
        seeds: of those that stay to the end.
        planned: seconds of the race, once `words` were said.
    """

    training: float
    workers: int
    seeds: int
    planned: float = math.nan

    @property
    def least(self) -> float:
        """Seconds of the two trainings that a comparison needs, at the least."""
        return 2 * self.training

    def check(self, means: Means) -> None:
        """Refuse a budget that is too small for the two trainings."""
        if means.seconds is not None and means.seconds < self.least:
            enough = max(self.planned, 2 * self.least)
            raise ConfigError(
                f"`budget` {means.budget} is too small: the two trainings that a comparison needs take about "
                f"{duration_text(self.least)}. All take about {duration_text(enough)}."
            )

    def words(self, tasks: int, most_models: int | None) -> tuple[str, ...]:
        """Return the plan in sentences."""
        most = tasks if most_models is None else min(tasks, most_models)
        middle = 0 if most < 2 or tasks < 3 else MOST_BETWEEN
        models = [1, *range(2, 2 + middle), *([most] if most > 1 else [])]
        self.planned = seconds_of_race(self.training, models, self.seeds, self.workers)
        names = [
            TOGETHER,
            *([f"up to {middle} grouping{'s' if middle > 1 else ''}"] if middle else []),
        ]
        names += [SINGLES] if most == tasks else []
        return plan_words(names, self.seeds, self.planned, self.workers)


def _raced(prepared: Prepared, race: Race, costs: _Costs, most_models: int | None) -> Advice:
    """Return the advice of a race; the first training also tells the affinities."""
    began = perf_counter()
    together, singles = first_candidates(prepared.config)
    few = most_models is not None and most_models < singles.models
    race.train([together] if few else [together, singles], 0)
    if TOGETHER not in race.outcomes:
        raise ConfigError(
            f"Nothing could be trained: {race.dropped.get(TOGETHER) or 'the budget was spent before.'}"
        )
    tasks = list(prepared.schema.targets)
    affinity = affinity_of(race.looks(), tasks, overlap_of(prepared))
    alike = race.likeness()
    candidates = short_list(prepared.config, affinity, most_models, gains_of(alike))
    race.run(candidates, costs.seeds, race.listener.noted)
    measures = race.measures()
    trained = [candidate for candidate in candidates if candidate.name in measures]
    best = chosen(trained, measures)
    notes = [*affinity.silent, *affinity.notes, *race.notes]
    if costs.seeds == 1:
        notes.append(
            "One seed each: intervals are about rows alone, as the spread of seeds is unknown."
        )
    if len(measures) < 2:
        notes.append(
            "The time was over before another candidate was trained to the end: nothing was compared. Give it a larger "
            "--budget."
        )
    ends = {name: measures[name] for name in (TOGETHER, SINGLES) if name in measures}
    over, sure = UNKNOWN, False
    if TOGETHER in ends:
        over = difference(measures[best.name], ends[TOGETHER]).delta
        sure = surely(advantage(measures[best.name], ends[TOGETHER]))
    both = difference(ends[TOGETHER], ends[SINGLES]).delta if len(ends) == 2 else None
    test, by_task = _tested(prepared, race, best)
    return Advice(
        recommended=best.name,
        groups=best.groups,
        settings=best.settings,
        sure=sure,
        words=advice_words(best, over, both, sure),
        raced=tuple(_raced_candidate(candidate, race) for candidate in candidates),
        split=race.outcomes[TOGETHER][0].held_out.split,
        test=test,
        test_by_task=by_task,
        affinity=affinity.to_dict(),
        likeness=tuple(tuple(number_out(cell) for cell in row) for row in alike.tolist()),
        planned_seconds=costs.planned,
        seconds=perf_counter() - began,
        notes=tuple(notes),
    )


def _raced_candidate(candidate: Candidate, race: Race) -> Raced:
    own: Sequence[Outcome] = race.outcomes.get(candidate.name, ())
    overs = {}
    for end in (TOGETHER, SINGLES):
        if (
            own
            and end != candidate.name
            and (seeds := min(len(own), len(race.outcomes.get(end, ()))))
        ):
            pair = race.measured(candidate.name, seeds), race.measured(end, seeds)
            overs[end] = difference(*pair).delta
    return Raced(
        candidate.name,
        candidate.groups,
        candidate.settings,
        candidate.gain,
        len(own),
        overs.get(TOGETHER, UNKNOWN),
        overs.get(SINGLES, UNKNOWN),
        sum(outcome.seconds for outcome in own) / len(own) if own else math.nan,
        race.dropped.get(candidate.name, ""),
    )


def _tested(
    prepared: Prepared, race: Race, best: Candidate
) -> tuple[Estimate, Mapping[str, Estimate]]:
    """Return by how much the choice is better than all together on the test rows, over all and by task."""
    part = prepared.parts["test"]
    if best.name == TOGETHER or not len(part.rows) or TOGETHER not in race.outcomes:
        return UNKNOWN, {}
    rows = part.table.take(part.rows)
    count = min(len(race.outcomes[name]) for name in (best.name, TOGETHER))
    first, second = (
        measures_of([_answers(outcome, rows) for outcome in race.outcomes[name][:count]])
        for name in (best.name, TOGETHER)
    )
    by_task = {task: difference(first, second, task).delta for task in second.tasks}
    return difference(first, second).delta, by_task


def _answers(outcome: Outcome, rows: object) -> HeldOut:
    assert outcome.folder is not None
    answers = load(outcome.folder).evaluate(rows, resamples=0, details=True).held_out
    assert answers is not None
    return answers


def _kept(folder: RunFolder, together: Candidate) -> Advice:
    """Return the advice of a run of one task."""
    advice = Advice(
        together.name, together.groups, together.settings, sure=False, words=(_ONE_TASK,)
    )
    folder.write_study(STUDY, advice.to_dict())
    return advice


def _write(folder: RunFolder, prepared: Prepared, advice: Advice) -> None:
    """Write the advice, and the config that trains the winner."""
    folder.write_study(STUDY, advice.to_dict())
    config = prepared.under(advice.settings).config if advice.settings else prepared.config
    file = folder.path / _RUNS / "run.yaml"
    file.write_text(config.to_yaml(), encoding="utf-8")


def _cores() -> int:
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1
