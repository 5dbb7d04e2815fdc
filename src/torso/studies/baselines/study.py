"""`torso.baselines`: simpler models beside a run, trained on its rows at its settings and budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from torso.core.errors import ConfigError
from torso.progress.watching import watched
from torso.runs.folder.beside import BASELINES
from torso.runs.predicting.predictor import Predictor
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.runs.report.report import RunReport
from torso.runs.settings.durations import duration_text
from torso.studies.baselines.leads import besides
from torso.studies.baselines.majority import without_inputs
from torso.studies.baselines.planned import MAJORITY, PLAIN, PlannedBaseline, planned_baselines
from torso.studies.baselines.report import Baseline, Baselines
from torso.studies.rows import opened
from torso.studies.stored import stored
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
    with watched(listener) as told:
        subject = _Subject.of(run, table, told)
        planned = planned_baselines(subject.prepared, subject.held_out)
        variants = [variant for each in planned for variant in each.variants]
        if subject.held_out is None:
            variants.insert(0, Variant(_RUN))
        if subject.folder is not None:
            means = replace(means, folder=subject.folder / BASELINES)
        outcomes = _trained(subject.prepared, variants, means, told)
        notes = [*outcomes.notes, *_notes(outcomes, subject.report, means)]
        held_out, report, more = subject.known(outcomes)
        study = _study(planned, outcomes, held_out, subject.prepared.config.seed)
    took = report.training.seconds
    study = replace(
        study,
        notes=(*notes, *more),
        run_seconds=took.training + took.evaluating,
        seconds=perf_counter() - began,
    )
    return stored("baselines", study, subject.folder)


@dataclass(frozen=True, eq=False)
class _Subject:
    """The run that is studied, as far as it is known before any training.

    Attributes:
        prepared: its rows.
        report: its results; None if it is trained here.
        held_out: its answers; None if it is trained here, or an earlier version wrote it.
        folder: where it lies; None if in memory.
    """

    prepared: Prepared
    report: RunReport | None = None
    held_out: HeldOut | None = None
    folder: Path | None = None

    @classmethod
    def of(
        cls, run: Predictor | Prepared | str | Path, table: object, listener: Listener
    ) -> _Subject:
        """Return the run with its rows."""
        if isinstance(run, Prepared):
            return cls(run)
        own = opened(run)
        prepared = prepared_again(own, table, listener)
        return cls(prepared, own.report, own.held_out, own.folder)

    def known(self, outcomes: Outcomes) -> tuple[HeldOut, RunReport, list[str]]:
        """Return the answers and the results of the run, with a note where it was trained once more.

        Raises:
            ConfigError: it could not be trained.
        """
        if self.held_out is not None and self.report is not None:
            return self.held_out, self.report, []
        if _RUN not in outcomes.outcomes:
            raise ConfigError(f"The run itself could not be trained: {outcomes.left_out[_RUN]}.")
        own = outcomes.outcomes[_RUN]
        old = "An earlier version wrote the run without its answers: it was trained once more."
        return own.held_out, own.report, [] if self.report is None else [old]


def _trained(
    prepared: Prepared, variants: Sequence[Variant], means: Means, listener: Listener
) -> Outcomes:
    if not variants:
        return Outcomes({})
    return train_variants(prepared, variants, means, listener)


def _notes(outcomes: Outcomes, report: RunReport | None, means: Means) -> list[str]:
    """Tell the time of a training where the budget was too small for any."""
    if means.seconds is None or report is None or outcomes.outcomes or not outcomes.left_out:
        return []
    seconds = report.training.seconds
    usual = duration_text(seconds.training + seconds.evaluating)
    return [
        f"Budget: no baseline was trained in {duration_text(means.seconds)}; the run itself took {usual}. Give more time."
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
