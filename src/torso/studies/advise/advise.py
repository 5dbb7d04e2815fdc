"""`torso.advise`: how to train a run better or simpler, by evidence from the user's own table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter

from torso.core.errors import ConfigError, DataError
from torso.runs.folder.folder import RunFolder
from torso.runs.predicting.predictor import Predictor
from torso.runs.prepare import prepare
from torso.runs.preparing.prepared import Prepared
from torso.studies.advise.answer import Answer
from torso.studies.advise.asking import About, Plan, plan_of
from torso.studies.advise.report import Advice
from torso.studies.advise.tournament import OWN, Tournament
from torso.studies.variants import Means
from torso.training import Listener

__all__ = ["advise", "planned"]

STUDY = "advice"
_RUNS = "advise"
"""Folder in the run's own that keeps the trainings."""


def advise(
    run: Predictor | str | Path,
    table: object = None,
    *,
    about: About = None,
    budget: str | float | None = None,
    seeds: int = 3,
    most_models: int | None = None,
    listener: Listener | None = None,
) -> Advice:
    """Tell how to train a run better or simpler: candidates are really trained, and taken where there is evidence.

    The questions: which tasks to train together (`groups`), which inputs to keep (`inputs`), which `fusion`, how much
    `sharing`, which `balancing`. The run as it is and the plain candidate are always among the candidates. These are chosen
    on the validation rows; the test rows only say at the end how much the choice is worth. The trainings lie in
    `RUN/advise`, so that an interrupted advice goes on; the advice is `RUN/studies/advice.json`, and `RUN/advise/run.yaml`
    trains all winners together.

    Args:
        run: a run that lies in a folder, or the folder.
        table: that it was fitted on; None: where its `run.yaml` says.
        about: a question, several, or `"all"`; None: the first of these five that the run has an answer to, and the cost of
            the others is told.
        budget: time for all trainings, `"30m"` or seconds, shared among the questions; None: any.
        seeds: trainings of each candidate that stays to the end; of groupings up to four more where seeds disagree.
        most_models: groups at most, for a budget of models; None: as many as tasks.
        listener: is told of trainings that are done, and of notes.

    Raises:
        ConfigError: the run lies in no folder, an unknown question, or the budget is too small for two trainings.
        DataError: the table has other rows than the run's.
        RunError: the folder holds no run.
    """
    began = perf_counter()
    plan = plan_of(run, about, seeds, most_models)
    if not plan.questions:
        return _nothing(plan)
    told, means = listener or Listener(), Means(folder=plan.folder.path / _RUNS, budget=budget)
    plan.check(means)
    for sentence in plan.words():
        told.noted(sentence)
    settings = {"budget": None, "refit": False, "search": False}
    config = plan.folder.path / "run.yaml"
    prepared = prepare(table, config=config, settings=settings, listener=told)
    _check_rows(plan.folder, prepared)
    advice = replace(_advised(prepared, plan, means, told), seconds=perf_counter() - began)
    _write(plan.folder, prepared, advice)
    return advice


def planned(
    run: Predictor | str | Path,
    *,
    about: About = None,
    seeds: int = 3,
    most_models: int | None = None,
) -> tuple[tuple[str, ...], float]:
    """Return the candidates and the cost of an advice in sentences, and its seconds; nothing is trained.

    Args:
        run: as for `advise`.
        about: as for `advise`.
        seeds: as for `advise`.
        most_models: as for `advise`.

    Raises:
        ConfigError: as for `advise`.
    """
    plan = plan_of(run, about, seeds, most_models)
    return plan.words(), plan.seconds


def _check_rows(folder: RunFolder, prepared: Prepared) -> None:
    """Refuse another table than that of the run: advice on it would be about something else."""
    stored, table = folder.split(), prepared.parts["training"].table
    if stored is not None and (why := stored.unlike(table)):
        raise DataError(
            f"{table.name} does not hold the rows of {str(folder.path)!r}: {why}. An advice needs the rows that the run was "
            "fitted on: give that table, where it lies now."
        )


def _advised(prepared: Prepared, plan: Plan, means: Means, listener: Listener) -> Advice:
    """Return the answers to all questions, and their winners together."""
    tournament = Tournament(prepared, plan, means, listener)
    answers = tournament.answers()
    if not any(answer.raced for answer in answers):
        raise ConfigError(" ".join(word for answer in answers for word in answer.words))
    together = tournament.together(answers)
    return Advice(
        answers=answers,
        settings=together.settings,
        inputs=together.inputs,
        words=together.words,
        split=tournament.split,
        together=together.over,
        test=together.test,
        left_out=plan.left_out,
        not_asked=plan.not_asked,
        planned_seconds=plan.seconds,
    )


def _nothing(plan: Plan) -> Advice:
    """Return the advice where there is nothing to ask."""
    answers = tuple(Answer(name, OWN, OWN, OWN, (why,)) for name, why in plan.left_out.items())
    advice = Advice(answers, left_out=plan.left_out, not_asked=plan.not_asked, planned_seconds=0.0)
    plan.folder.write_study(STUDY, advice.to_dict())
    return advice


def _write(folder: RunFolder, prepared: Prepared, advice: Advice) -> None:
    """Write the advice, and the config that trains the winners."""
    folder.write_study(STUDY, advice.to_dict())
    winner = prepared.only(inputs=advice.inputs).under(dict(advice.settings))
    file = folder.path / _RUNS / "run.yaml"
    file.write_text(winner.config.to_yaml(), encoding="utf-8")
