"""Answers to the held-out rows of a run that keeps none, as an earlier version wrote it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shlex import quote

import numpy as np

from torso.core.errors import RunError
from torso.runs.predicting.asked import Roots, ask
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport

__all__ = ["can_answer_again", "held_out_again"]


def can_answer_again(folder: Path, report: RunReport) -> bool:
    """Return whether the run in a folder can answer its held-out rows anew: test rows that it can tell apart."""
    return report.split == "test" and (folder / "split.parquet").exists()


def held_out_again(run: Predictor, table: object, *, root: Roots = ()) -> HeldOut:
    """Return a run's answers to the rows that it kept aside.

    Answers out of fold, those of networks that had not learnt from a row, went with the training: such a run is refused.

    Args:
        run: its report is about test rows.
        table: that it was fitted on, or its table of test rows.
        root: folders or zips that file columns are relative to.

    Raises:
        RunError: the table does not hold the rows, or the answers are out of fold.
    """
    name = "the run" if run.folder is None else str(run.folder)
    again = f"torso fit --config {quote(f'{name}/run.yaml')} -o NEW"
    if run.split is None or run.report.split != "test":
        why = (
            "no split"
            if run.split is None
            else "validation rows, which its networks learnt from in turn"
        )
        raise RunError(
            f"{name!r} has {why}: its answers to held-out rows cannot be made again. Train it again: {again}"
        )
    asked = ask(table, run.schema, run.config.data, root)
    apart = not len(run.split.split.test)
    rows = np.arange(asked.table.rows) if apart else run.split.split.test
    expected = run.report.usage.rows.get("test", 0)
    if apart:
        other = len(rows) != expected
        why = f"its table of test rows has {expected} rows, this one {len(rows)}" if other else ""
    else:
        why = run.split.unlike(asked.table)
    if why:
        raise RunError(
            f"{asked.table.name} does not hold the held-out rows of {name!r}: {why}. Give the table that it was fitted on."
        )
    told = run.evaluate(table, root=root, resamples=0, details=True)
    assert told.held_out is not None
    held_out = told.held_out.of_rows(rows)
    return replace(
        held_out,
        split="test",
        tasks={task: own.kept() for task, own in held_out.tasks.items()},
        digests={} if apart else run.split.digests,
    )
