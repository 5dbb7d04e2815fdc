"""Questions about a run and their cost, told before anything is trained."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torso.core.errors import ConfigError, unknown
from torso.runs.folder.folder import RunFolder
from torso.runs.predicting.predictor import Predictor
from torso.runs.settings.config import RunConfig
from torso.runs.settings.durations import duration_text
from torso.studies.advise.groups import Groups
from torso.studies.advise.inputs import Inputs
from torso.studies.advise.parts import BALANCING, FUSION, SHARING
from torso.studies.advise.plan import seconds_of_race
from torso.studies.advise.question import Question
from torso.studies.advise.words import plan_words, seeds_words
from torso.studies.variants import Means

__all__ = ["ALL", "QUESTIONS", "About", "Plan", "plan_of"]

QUESTIONS = ("groups", "inputs", "fusion", "sharing", "balancing")
ALL = "all"
About = str | Sequence[str] | None


@dataclass(frozen=True)
class Plan:
    """Questions about a run, and their costs.

    Attributes:
        folder: of the run.
        config: of the run.
        questions: that are asked.
        left_out: question that was asked for -> why there is nothing to ask.
        others: questions that could be asked, too.
        training: seconds of the run's own training.
        workers: trainings at once.
        seeds: of the candidates that stay to the end.
    """

    folder: RunFolder
    config: RunConfig
    questions: tuple[Question, ...]
    left_out: Mapping[str, str]
    others: tuple[Question, ...]
    training: float
    workers: int
    seeds: int

    def seconds_of(self, question: Question) -> float:
        """Return about how long a question takes, asked alone."""
        _, costs = question.expected(self.config)
        return seconds_of_race(self.training, costs, self.seeds, self.workers)

    @property
    def last(self) -> float:
        """Seconds of the trainings with all winners together, where there may be several."""
        return self.seeds * self.training * (len(self.questions) > 1)

    @property
    def seconds(self) -> float:
        """About how long all of it takes."""
        return sum(map(self.seconds_of, self.questions)) + self.last

    @property
    def not_asked(self) -> dict[str, float]:
        """Question that could be asked, too -> about how long it takes."""
        return {each.name: self.seconds_of(each) for each in self.others}

    def check(self, means: Means) -> None:
        """Refuse a budget that is too small for two trainings."""
        least = 2 * self.training
        if means.seconds is not None and means.seconds < least:
            enough = duration_text(max(self.seconds, 2 * least))
            raise ConfigError(
                f"`budget` {means.budget} is too small: the two trainings that a comparison needs take about "
                f"{duration_text(least)}. All take about {enough}."
            )

    def words(self) -> tuple[str, ...]:
        """Return the plan in sentences."""
        said = []
        for question in self.questions:
            names, _ = question.expected(self.config)
            said.append(plan_words(question.name, names, self.seconds_of(question)))
        if self.questions:
            said.append(seeds_words(self.seeds, self.workers))
        if self.last:
            said.append(
                f"All winners together, beside the run as it is: about {duration_text(self.last)}. "
                f"In all about {duration_text(self.seconds)}."
            )
        said += [f"Not asked about {name}: {why}" for name, why in self.left_out.items()]
        if self.others:
            each = [f"{name} (about {duration_text(own)})" for name, own in self.not_asked.items()]
            more = " ".join(f"--about {question.name}" for question in self.others)
            said.append(f"Not asked: {', '.join(each)}. To ask: {more}, or --about all")
        return tuple(said)


def plan_of(run: Predictor | str | Path, about: About, seeds: int, most_models: int | None) -> Plan:
    """Return the plan of an advice.

    Args:
        run: a run that lies in a folder, or the folder.
        about: names of questions, `all`, or None: the first that the run has an answer to.
        seeds: trainings of each candidate that stays to the end.
        most_models: groups at most.

    Raises:
        ConfigError: the run lies in no folder, an unknown question, or numbers below 1.
        RunError: the folder holds no run.
    """
    path = run.folder if isinstance(run, Predictor) else Path(run).expanduser()
    if path is None:
        raise ConfigError(
            "`run` should lie in a folder, which keeps the trainings. Found one in memory. Train it with out='runs/first'."
        )
    if seeds < 1 or (most_models is not None and most_models < 1):
        raise ConfigError(
            f"`seeds` and `most_models` should be 1 or more. Found {seeds}, {most_models}."
        )
    names = _named(about)
    folder = RunFolder(path)
    config, seconds = folder.config(), folder.report().training.seconds.training
    known: tuple[Question, ...] = (Groups(most_models), Inputs(), FUSION, SHARING, BALANCING)
    why = {each.name: each.unaskable(config) for each in known}
    askable = [each for each in known if not why[each.name]]
    if names is None:
        names = [each.name for each in askable[:1]] or [*QUESTIONS]
    asked = tuple(each for each in askable if each.name in names)
    return Plan(
        folder=folder,
        config=config,
        questions=asked,
        left_out={name: why[name] for name in QUESTIONS if name in names and why[name]},
        others=tuple(each for each in askable if each not in asked),
        training=max(seconds, 0.1),
        workers=_cores(),
        seeds=seeds,
    )


def _named(about: About) -> list[str] | None:
    """Return the names of the questions that are asked for; None where the choice is left open."""
    if about is None:
        return None
    said = [about] if isinstance(about, str) else [*about]
    for name in said:
        if name not in (*QUESTIONS, ALL):
            raise ConfigError(f"`about`: {unknown('question', name, (*QUESTIONS, ALL))}")
    return [*QUESTIONS] if ALL in said else said or None


def _cores() -> int:
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1
