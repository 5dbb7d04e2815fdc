"""`torso.baselines`: simpler models beside a run, trained on its rows at its settings and budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from torso.core.errors import ConfigError
from torso.progress.watching import Progress, watched
from torso.runs.folder.folder import RunFolder
from torso.runs.predicting.load import load
from torso.runs.predicting.predictor import Predictor
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.runs.report.report import RunReport
from torso.runs.settings.durations import duration_text
from torso.studies.baselines.paired import besides, without_inputs
from torso.studies.baselines.planned import MAJORITY, PLAIN, PlannedBaseline, planned_baselines
from torso.studies.baselines.report import Baseline, Baselines
from torso.studies.variants import Means, Outcomes, Variant, train_variants
from torso.studies.variants.again import prepared_again
from torso.training import Listener

__all__ = ["baselines"]

_RUN = "run"
"""Variant that is the run itself, where its answers are not known."""


def baselines(
    run: Predictor | Prepared | str | Path,
    table: object = None,
    *,
    workers: int | None = None,
    budget: str | float | None = None,
    listener: Listener | None = None,
    progress: Progress = "auto",
) -> Baselines:
    """Train simpler models on the rows of a run, with its settings, and compare them on its held-out rows.

    These are: the answer without inputs, the plain models alone, each modality alone, concat with equal weights, and one
    model per task. What the run itself is, is skipped and told. Each has the run's recipe and budget.

    Args:
        run: a run, its folder, or a preparation, on which the run is trained, too.
        table: that the run was fitted on, or its preparation; None: where the run found it.
        workers: trainings at once; None: one for each core, or one where they run on an accelerator.
        budget: time for all of them, `"30m"` or seconds; None: any.
        listener: is told of each training that is done, and of notes.
        progress: as for `torso.fit`.

    Returns:
        The study. A run in a folder keeps it, with the runs behind it in `baselines`: said again, it goes on where it
        was interrupted.

    Raises:
        ConfigError: the run was fitted on a table in memory, which is not given.
        DataError: the table has other rows than the run's.
        RunError: no run.
    """
    began = perf_counter()
    means = Means(None, workers, budget)  # a slip is told before the table is read
    with watched(listener, progress) as told:
        if isinstance(run, Prepared):
            prepared, report, held_out, folder = run, None, None, None
        else:
            trained = run if isinstance(run, Predictor) else load(run)
            prepared = prepared_again(trained, table, listener=told)
            report, held_out, folder = trained.report, trained.held_out, trained.folder
        planned = planned_baselines(prepared, held_out)
        variants = [variant for each in planned for variant in each.variants]
        if held_out is None:
            variants.insert(0, Variant(_RUN))
        means = replace(means, folder=None if folder is None else folder / "baselines")
        outcomes = _trained(prepared, variants, means, told)
        notes = [*outcomes.notes, *_notes(outcomes, report, means)]
        if held_out is None:
            held_out, report = _of_run(outcomes)
            if folder is not None:
                notes.append(
                    "An earlier version wrote the run without its answers: it was trained once more."
                )
        study = _study(planned, outcomes, held_out, prepared.config.seed)
    seconds = (
        0.0
        if report is None
        else report.training.seconds.training + report.training.seconds.evaluating
    )
    study = replace(study, notes=tuple(notes), run_seconds=seconds, seconds=perf_counter() - began)
    if folder is not None:
        RunFolder(folder).write_study("baselines", study.to_dict())
    return study


def _trained(
    prepared: Prepared, variants: Sequence[Variant], means: Means, listener: Listener
) -> Outcomes:
    if not variants:
        return Outcomes({})
    return train_variants(prepared, variants, means, listener)


def _of_run(outcomes: Outcomes) -> tuple[HeldOut, RunReport]:
    """Return the answers of the run where it was trained as a variant.

    Raises:
        ConfigError: it could not be trained.
    """
    if _RUN not in outcomes.outcomes:
        raise ConfigError(f"The run itself could not be trained: {outcomes.left_out[_RUN]}.")
    own = outcomes.outcomes[_RUN]
    return own.held_out, own.report


def _notes(outcomes: Outcomes, report: RunReport | None, means: Means) -> list[str]:
    """Say what a training takes where the budget was too small for any."""
    if means.seconds is None or report is None or outcomes.outcomes or not outcomes.left_out:
        return []
    seconds = report.training.seconds
    one = duration_text(seconds.training + seconds.evaluating)
    return [
        f"Budget: no baseline was trained in {duration_text(means.seconds)}; the run itself took {one}. Give more time."
    ]


def _study(
    planned: Sequence[PlannedBaseline], outcomes: Outcomes, run: HeldOut, seed: int
) -> Baselines:
    compared, left_out = [], {}
    for each in planned:
        if each.skipped:
            continue
        done = [outcomes.outcomes[v.name] for v in each.variants if v.name in outcomes.outcomes]
        for variant in each.variants:
            if variant.name in outcomes.left_out:
                left_out[variant.name] = outcomes.left_out[variant.name]
        answers = _answers(each, run, outcomes)
        beside = besides(run.tasks, answers, run.groups, seed)
        if beside:
            compared.append(
                Baseline(
                    each.name,
                    each.words,
                    beside,
                    sum(own.seconds for own in done),
                    sum(own.cpu_seconds for own in done),
                    sum(own.parameters for own in done),
                )
            )
    skipped = {each.name: each.skipped for each in planned if each.skipped}
    return Baselines(run.split, tuple(compared), skipped, left_out)


def _answers(
    planned: PlannedBaseline, run: HeldOut, outcomes: Outcomes
) -> Mapping[str, TaskAnswers]:
    """Return task -> the answers of a baseline to the rows of the run."""
    if planned.name == MAJORITY:
        blind = {task: without_inputs(own) for task, own in run.tasks.items()}
        return {task: own for task, own in blind.items() if own is not None}
    if not planned.variants:
        return run.plain
    answers: dict[str, TaskAnswers] = {}
    for variant in planned.variants:
        outcome = outcomes.outcomes.get(variant.name)
        if outcome is not None:
            held_out = outcome.held_out
            answers |= held_out.plain if planned.name == PLAIN else held_out.tasks
    return answers
