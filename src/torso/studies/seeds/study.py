"""`torso.seeds`: a run's training under other seeds, on the same rows."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from torso.core.errors import ConfigError
from torso.progress.watching import watched
from torso.runs.folder.beside import SEEDS
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.report import RunReport
from torso.studies.rows import opened
from torso.studies.seeds.report import Seeds
from torso.studies.stored import stored
from torso.studies.variants import Means, Variant, train_variants
from torso.studies.variants.again import prepared_again
from torso.training import Listener

__all__ = ["seeds"]


def seeds(
    run: Predictor | str | Path,
    table: object = None,
    count: int = 5,
    *,
    workers: int | None = None,
    budget: str | float | None = None,
    listener: Listener | None = None,
) -> Seeds:
    """Train a run under further seeds, and return its scores under each: the split keeps its own seed.

    Args:
        run: a run, or its folder, which keeps the others as `seeds/1`, `seeds/2`, ...
        table: that the run was fitted on, or its preparation; None: where the run found it.
        count: of seeds, the run's own included.
        workers: trainings at once; None: one for each core, or one where they run on an accelerator.
        budget: time for all further seeds, `"30m"` or seconds; None: any.
        listener: is told of each training that is done, and of notes.

    Raises:
        ConfigError: fewer than two seeds, or the run was fitted on a table in memory, which is not given.
        DataError: the table has other rows than the run's.
        RunError: no run.
    """
    if count < 2:
        raise ConfigError(f"`count` of seeds should be 2 or more. Found {count}.")
    began, means = perf_counter(), Means(None, workers, budget)
    own = opened(run)
    first = own.config.seed
    variants = [Variant(str(number), {"seed": first + number}) for number in range(1, count)]
    folder = None if own.folder is None else own.folder / SEEDS
    with watched(listener) as told:
        prepared = prepared_again(own, table, listener=told)
        outcomes = train_variants(prepared, variants, Means(folder, workers, means.budget), told)
    done = {int(name): outcome.report for name, outcome in outcomes.outcomes.items()}
    reports = {first: own.report, **{first + number: report for number, report in done.items()}}
    study = Seeds(
        split=own.report.split,
        seeds=tuple(reports),
        kinds={task: report.kind for task, report in own.report.tasks.items()},
        headlines={task: report.headline for task, report in own.report.tasks.items()},
        scores=_scores(own.report, list(reports.values())),
        intervals={
            task: report.metrics[report.headline] for task, report in own.report.tasks.items()
        },
        left_out={str(first + int(name)): why for name, why in outcomes.left_out.items()},
        notes=outcomes.notes,
        seconds=perf_counter() - began,
    )
    return stored("seeds", study, own.folder)


def _scores(own: RunReport, reports: list[RunReport]) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return task -> metric -> its value in each report."""
    return {
        task: {
            metric: tuple(report.tasks[task].metrics[metric].value for report in reports)
            for metric in mine.metrics
        }
        for task, mine in own.tasks.items()
    }
