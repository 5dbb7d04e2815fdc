"""The study as one function: its rows, its trials and its notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from torso.core.errors import ConfigError
from torso.runs.predicting.asked import Roots
from torso.runs.predicting.predictor import Predictor
from torso.studies.importance.alike import alike_columns
from torso.studies.importance.effects import effects_of
from torso.studies.importance.interactions import interactions_of
from torso.studies.importance.laid_out import laid_out
from torso.studies.importance.result import Importance
from torso.studies.importance.scoring import Scoring
from torso.studies.importance.subsets import EXACT
from torso.studies.importance.units import units_of_run
from torso.studies.importance.worth import ORDERS, worth_of_modalities
from torso.studies.rows import opened
from torso.studies.stored import stored

__all__ = ["importance"]

_ROWS = 1000
_REPEATS = 5
_EXCHANGES = 200  # of all columns together, beyond which each is exchanged less often


def importance(
    run: Predictor | str | Path,
    table: object = None,
    *,
    root: Roots = (),
    rows: int = _ROWS,
    repeats: int | None = None,
    seed: int = 0,
) -> Importance:
    """Return the importance of each column and modality for each task of a run.

    It is that of the whole answer, network and plain models, by two ways: cells are exchanged among the rows that have
    them (Breiman, "Random Forests", Machine Learning 45, 2001), and left out. Of modalities also by Shapley values over all
    subsets, and by comparison with an additive model (EMAP). Each is the loss in the headline metric and in log-likelihood,
    with a paired bootstrap 95 % interval and a p-value for all columns together (Holm).

    A run that lies in a folder keeps the study there, as `studies/importance.json`.

    Args:
        run: a run, or its folder.
        table: rows with labels; of the table of the fit, the held-out rows are taken. None: that table.
        root: folders or zips that file columns are relative to.
        rows: at most so many are looked at.
        repeats: exchanges of each column; None: 5, fewer where there are more than 40 columns.
        seed: of all draws.

    Raises:
        ConfigError: `rows` or `repeats` below 1, or no table.
        DataError: no row has a label.
    """
    own = opened(run)
    for name, value in (("rows", rows), ("repeats", 1 if repeats is None else repeats)):
        if value < 1:
            raise ConfigError(f"`{name}` should be at least 1. Found {value}.")
    study = _findings(Scoring(own, laid_out(own, table, root, rows, seed), seed), repeats)
    return stored("importance", study, own.folder)


def _findings(scoring: Scoring, repeats: int | None) -> Importance:
    """Return all that is found on some rows."""
    schema, looked_at = scoring.predictor.schema, scoring.rows
    times = repeats or max(1, min(_REPEATS, _EXCHANGES // len(schema.inputs)))
    alike = alike_columns(schema, looked_at.table, looked_at.dataset, looked_at.layout)
    units = [
        unit
        for unit in units_of_run(scoring.modalities, alike)
        if scoring.present(unit.columns).any()
    ]
    effects = effects_of(scoring, units, times)
    values, subsets = worth_of_modalities(scoring)
    interactions, notes = interactions_of(scoring)
    tasks, groups = scoring.judge.tasks, looked_at.groups
    return Importance(
        rows=looked_at.dataset.rows,
        labels={task: len(own.used) for task, own in tasks.items()},
        groups=None if groups is None else len(np.unique(groups)),
        metrics={task: own.headline for task, own in tasks.items()},
        kinds={task: schema.targets[task].kind for task in tasks},
        modalities=scoring.modalities,
        effects=(*effects, *values),
        subsets=tuple(subsets),
        interactions=tuple(interactions),
        repeats=times,
        seed=scoring.seed,
        notes=(*looked_at.notes, *_told(scoring, alike), *_few(scoring, times, repeats), *notes),
    )


def _told(scoring: Scoring, alike: Sequence[tuple[str, ...]]) -> list[str]:
    """Return sentences on columns that hide each other, on all that is absent, and on gaps that the run never met."""
    notes = [
        f"{', '.join(columns[:-1])} and {columns[-1]} tell each other: exchanged alone, each hides the other. They are exchanged together as well."
        for columns in alike
    ]
    absent = [name for name, filled in scoring.filled.items() if not filled.any()]
    if absent:
        notes.append(f"No row that is looked at has {', '.join(absent)}: nothing is said about it.")
    unlabelled = [task for task in scoring.judge.targets if task not in scoring.judge.tasks]
    if unlabelled:
        notes.append(f"No row that is looked at has a label of {', '.join(unlabelled)}.")
    whole = _never_absent(scoring.predictor)
    if whole:
        notes.append(
            f"No training row lacked {_listed(whole, scoring)}, so answers without are guesses: left out, a modality may seem to matter "
            "more than to a run that learnt to do without it."
        )
    return [*notes, *_network_alone(scoring)]


def _network_alone(scoring: Scoring) -> list[str]:
    """Return a sentence if answers to rows that lack a modality leave the plain models out."""
    half = scoring.predictor.plain
    shares = {} if half is None else {name: task.share for name, task in half.tasks.items()}
    told = [f"{task} {share:.0%}" for task, share in shares.items() if share]
    if half is None or not told:
        return []
    known = {frozenset(pattern) for pattern in half.patterns}
    unmet = [name for name in scoring.modalities if frozenset([name]) not in known]
    if not unmet or len(scoring.modalities) < 2:
        return []
    return [
        f"The plain models have met no rows without {_listed(unmet, scoring)}, so the network alone answers those (share of the plain "
        f"models otherwise: {', '.join(told)}). Left out, and in Shapley values, that is part of the loss; exchanged, it is not."
    ]


def _listed(names: Sequence[str], scoring: Scoring) -> str:
    return "a modality" if len(names) == len(scoring.modalities) else ", ".join(names)


def _few(scoring: Scoring, times: int, asked: int | None) -> list[str]:
    """Return sentences on figures that are only sampled."""
    notes = []
    if times < _REPEATS and asked is None:
        notes.append(
            f"Each of {len(scoring.filled)} columns is exchanged {times} times. More: --repeats 5"
        )
    if len(scoring.modalities) > EXACT:
        notes.append(
            f"{len(scoring.modalities)} modalities: Shapley values are means over {2 * ORDERS} of the orders in which they may "
            "come, with standard errors."
        )
    return notes


def _never_absent(predictor: Predictor) -> list[str]:
    """Return modalities that all training rows have, if none was hidden in training."""
    usage = predictor.report.usage
    if predictor.config.training.modality_dropout:
        return []
    total = usage.rows.get("training", 0)
    return [name for name, rows in usage.training_rows_with.items() if total and rows >= total]
