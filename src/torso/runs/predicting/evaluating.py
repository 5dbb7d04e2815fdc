"""Answers to a table's rows beside its labels, as a run keeps them of its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from torso.columns.dataset import Dataset
from torso.columns.splits import group_ids
from torso.evaluation.bootstrap import units_of
from torso.runs.predicting.prediction import joined
from torso.runs.report.held_out import HeldOut
from torso.runs.report.scoring import Scorer
from torso.tables.table import Table
from torso.training import Answers

__all__ = ["answered_table"]


def answered_table(
    scorer: Scorer, pieces: Sequence[tuple[Dataset, Answers]], table: Table, group: str | None
) -> HeldOut:
    """Return the answers to all rows of a table beside the labels.

    Args:
        scorer: of the run.
        pieces: of the table, laid out, each with its raw answers.
        table: of the rows.
        group: column whose equal values belong together.
    """
    predictions = [answers.predictions(scorer.model) for _, answers in pieces]
    tasks = scorer.schema.targets
    groups = group_ids(table, group)
    present = [HeldOut.presence(part, np.arange(part.rows)) for part, _ in pieces]
    return HeldOut(
        "table",
        np.arange(table.rows),
        table.rows,
        scorer.answered(
            {task: joined([part[task] for part in predictions]) for task in tasks},
            {task: np.concatenate([part.targets[task] for part, _ in pieces]) for task in tasks},
        ),
        None if groups is None else units_of(groups),
        {name: np.concatenate([part[name] for part in present]) for name in present[0]},
    )
