"""Effects of exchanging columns and of leaving them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from torso.evaluation.holm import holm
from torso.evaluation.weighted import Floats
from torso.studies.importance.judge import Drawn
from torso.studies.importance.result import Effect, Way
from torso.studies.importance.scoring import Scoring
from torso.studies.importance.units import Unit, exchanged_rows
from torso.studies.paired import estimated

__all__ = ["effects_of", "together"]


def effects_of(scoring: Scoring, units: Sequence[Unit], repeats: int) -> list[Effect]:
    """Return the effects of each unit, with p-values for all of a sort together.

    Args:
        scoring: of the run.
        units: columns that are taken away together.
        repeats: exchanges of each.
    """
    known: dict[tuple[str, ...], Mapping[Way, Drawn]] = {}
    whole, made = scoring.without(()), []
    for unit in units:
        if unit.columns not in known:  # a modality of one column is that column
            known[unit.columns] = _ways(scoring, unit.columns, repeats)
        for way, drawn in known[unit.columns].items():
            for (task, measure), values in drawn.items():
                units_of_task = scoring.judge.tasks[task].num_units
                loss, p = estimated(whole[task, measure] - values, units_of_task)
                made.append(Effect(unit.of, unit.name, unit.columns, task, measure, way, loss, p))
    return together(made)


def together(effects: Sequence[Effect]) -> list[Effect]:
    """Return the effects with p-values for all of the same sort, way, task and measure together."""
    families: dict[tuple[str, ...], list[int]] = {}
    for index, effect in enumerate(effects):
        family = (effect.of, effect.way, effect.task, effect.measure)
        families.setdefault(family, []).append(index)
    made = [*effects]
    for members in families.values():
        for index, p in zip(members, holm([effects[i].p for i in members]), strict=True):
            made[index] = replace(effects[index], p=p)
    return made


def _ways(scoring: Scoring, columns: tuple[str, ...], repeats: int) -> Mapping[Way, Drawn]:
    """Return the scores with these columns taken away in each way."""
    groups = scoring.rows.groups
    said: dict[Way, Drawn] = {"exchanged": _exchanged(scoring, columns, repeats, None)}
    if groups is not None:
        said["within_groups"] = _exchanged(scoring, columns, repeats, groups)
    said["left_out"] = scoring.without(columns)
    return said


def _exchanged(
    scoring: Scoring, columns: tuple[str, ...], repeats: int, groups: np.ndarray | None
) -> Drawn:
    """Return the mean score over all exchanges."""
    draw = np.random.default_rng(scoring.seed)
    present = scoring.present(columns)
    scores = [
        scoring.score(dict.fromkeys(columns, exchanged_rows(present, draw, groups)))
        for _ in range(repeats)
    ]
    return {key: _mean_of_draws([score[key] for score in scores], draw) for key in scores[0]}


def _mean_of_draws(scores: Sequence[Floats], draw: np.random.Generator) -> Floats:
    """Return the mean over exchanges: on all rows of all, in each resample of the rows over a resample of them too."""
    every = np.stack(scores)  # [exchanges, 1 + resamples]
    chosen = draw.integers(0, len(every), (len(every), every.shape[1] - 1))
    drawn = np.take_along_axis(every[:, 1:], chosen, axis=0)
    return np.concatenate([every[:, :1].mean(axis=0), drawn.mean(axis=0)])
