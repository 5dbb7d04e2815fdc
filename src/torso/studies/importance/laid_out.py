"""Rows laid out for a study that answers them anew: those that the run held out of its own table, or those of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from torso.columns.dataset import Dataset
from torso.columns.known_cells import source_of
from torso.columns.reading import Reading, ReadOptions
from torso.columns.splits import group_ids
from torso.core.errors import ConfigError, DataError
from torso.runs.predicting.asked import Asked, Roots, ask, reading_of, require_labels
from torso.runs.predicting.prediction import skipped_notes
from torso.runs.predicting.predictor import Predictor
from torso.runs.schema.schema import Schema
from torso.studies.importance.exchanged import Layout
from torso.studies.rows import table_of_fit
from torso.tables.table import Table
from torso.tasks import labelled

__all__ = ["LaidOut", "laid_out", "layout_of"]


@dataclass(frozen=True, eq=False)
class LaidOut:
    """Labelled rows.

    Attributes:
        table: the rows.
        dataset: laid out.
        layout: columns of the modalities.
        groups: group of each row; None where the run has none.
        notes: which rows these are, and how they were read.
    """

    table: Table
    dataset: Dataset
    layout: Layout
    groups: np.ndarray | None
    notes: tuple[str, ...]


def laid_out(predictor: Predictor, table: object, root: Roots, most: int, seed: int) -> LaidOut:
    """Return at most `most` rows of a table with labels; of the run's own table, those it held out.

    Args:
        predictor: the run.
        table: as for `Predictor.evaluate`; None: the run's own.
        root: folders or zips that file columns are relative to.
        most: rows beyond are left out, by chance.
        seed: of the draw.

    Raises:
        ConfigError: no table is given, and the run's own was in memory.
        DataError: no row has a label.
    """
    data, notes = predictor.config.data, []
    given = _own_table(predictor) if table is None else table
    asked = ask(given, predictor.schema, data, root, strict=predictor.strict)
    require_labels(asked.table, predictor.schema)
    rows, which = _chosen(predictor, asked)
    notes.append(which)
    groups = group_ids(asked.table, data.split.group)
    if len(rows) > most:
        drawn = np.random.default_rng(seed).choice(len(rows), most, replace=False)
        notes.append(
            f"{most:,} of these {len(rows):,} rows are looked at, drawn by chance. More: --rows {len(rows)}"
        )
        rows = rows[np.sort(drawn)]
    own = asked.table.take(rows)
    reading = reading_of(asked, data, strict=predictor.strict, kept=True)
    dataset = predictor.schema.dataset(own, reading, sizes=predictor.config.sizes)
    reading.check()
    if not any(labelled(target).any() for target in dataset.targets.values()):
        raise DataError(
            f"{asked.table.name}: no row that is looked at has a label of {[*dataset.targets]}. Importance compares answers "
            "with labels: give a table with labels."
        )
    return LaidOut(
        own,
        dataset,
        layout_of(predictor.schema, own),
        None if groups is None else groups[rows],
        (*notes, *asked.table.notes, *reading.log.notes, *skipped_notes(reading.log.skipped)),
    )


def layout_of(schema: Schema, table: Table) -> Layout:
    """Return the columns of each modality, with their numbers of places in its features."""
    first = table.take(np.zeros(1, np.int64))
    slots: dict[str, dict[str, int]] = {}
    for name, modality in schema.modalities.items():
        if len(modality.columns) == 1:
            slots[name] = dict.fromkeys(modality.columns, 1)
            continue
        slots[name] = {}
        for column, kind in modality.columns.items():
            source = source_of(kind, schema.column(first, column), Reading(ReadOptions()))
            slots[name][column] = source.batch(np.zeros(1, np.intp))[1].shape[1]
    return Layout(slots)


def _own_table(predictor: Predictor) -> str:
    """Return the path of the table of the fit, or of its table for the test."""
    path = table_of_fit(predictor.config.data, predictor.folder, test=True)
    if path is None:
        raise ConfigError(
            "The table of the fit was in memory, so the run does not know where its rows are. Give a table with labels: "
            "torso importance RUN TABLE, or torso.importance(run, table)."
        )
    return str(path)


def _chosen(predictor: Predictor, asked: Asked) -> tuple[np.ndarray, str]:
    """Return the positions of the rows to look at, and a sentence that says which."""
    table = asked.table
    split = predictor.split
    if split is None or split.unlike(table):
        told = ""
        if split is not None and split.seen is not None and not asked.told:
            options = reading_of(asked, predictor.config.data).options
            seen = split.seen.among(table, predictor.schema, options, split.learnt)
            told = (
                f" The run learnt from {seen} rows, so importance may flatter what it learnt by heart."
                if seen
                else ""
            )
        return np.arange(table.rows), f"{_all(table)}.{told}"
    test, validation = split.split.test, split.split.validation
    if len(test):
        return test, f"The {len(test):,} rows of {table.name} that the run held out for the test."
    if len(validation):
        return validation, (
            f"The {len(validation):,} validation rows of {table.name}: no rows were held out for the test. The run "
            "chose its epoch by them, so scores flatter a little."
        )
    return np.arange(table.rows), f"{_all(table)}: the run held out none. It learnt from them."


def _all(table: Table) -> str:
    return (
        f"All {table.rows:,} rows of {table.name}" if table.rows > 1 else f"The row of {table.name}"
    )
