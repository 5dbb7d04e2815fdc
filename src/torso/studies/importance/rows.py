"""The rows that a study looks at: those that the run held out of its own table, or those of another table."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import numpy as np

from torso.columns.dataset import Dataset
from torso.columns.known_cells import source_of
from torso.columns.reading import Reading, ReadOptions
from torso.columns.splits import Split, group_ids
from torso.core.errors import ConfigError, DataError
from torso.runs.predicting.asked import Asked, Roots, ask, reading_of, require_labels
from torso.runs.predicting.prediction import skipped_notes
from torso.runs.predicting.predictor import Predictor
from torso.runs.preparing.gather import found_beside
from torso.runs.schema.schema import Schema
from torso.studies.importance.exchanged import Layout
from torso.tables.table import Table
from torso.tasks import labelled

__all__ = ["StudyRows", "layout_of", "study_rows"]


@dataclass(frozen=True, eq=False)
class StudyRows:
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


def study_rows(predictor: Predictor, table: object, root: Roots, most: int, seed: int) -> StudyRows:
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
    return StudyRows(
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
    data, folder = predictor.config.data, predictor.folder
    path = data.test or data.table
    if path is None:
        raise ConfigError(
            "The table of the fit was in memory, so the run does not know where its rows are. Give a table with labels: "
            "torso importance RUN TABLE, or torso.importance(run, table)."
        )
    return str(found_beside(path, None if folder is None else folder / "run.yaml"))


def _chosen(predictor: Predictor, asked: Asked) -> tuple[np.ndarray, str]:
    """Return the positions of the rows to look at, and a sentence that says which."""
    table = asked.table
    split = _own_split(predictor, table)
    if split is None:
        told = ""
        if predictor.split is not None and predictor.split.seen is not None and not asked.told:
            options = reading_of(asked, predictor.config.data).options
            seen = predictor.split.seen.among(
                table, predictor.schema, options, predictor.split.learnt
            )
            told = (
                f" The run learnt from {seen} rows, so importance may flatter what it learnt by heart."
                if seen
                else ""
            )
        return np.arange(table.rows), f"{_all(table)}.{told}"
    if len(split.test):
        return (
            split.test,
            f"The {len(split.test):,} rows of {table.name} that the run held out for the test.",
        )
    if len(split.validation):
        return split.validation, (
            f"The {len(split.validation):,} validation rows of {table.name}: no rows were held out for the test. The run "
            "chose its epoch by them, so scores flatter a little."
        )
    return np.arange(table.rows), f"{_all(table)}: the run held out none. It learnt from them."


def _all(table: Table) -> str:
    return (
        f"All {table.rows:,} rows of {table.name}" if table.rows > 1 else f"The row of {table.name}"
    )


def _own_split(predictor: Predictor, table: Table) -> Split | None:
    """Return the split of the run if the table is its own."""
    if predictor.split is None:
        return None
    try:
        return predictor.split.for_table(table, shlex.quote(str(predictor.folder or "the run")))
    except DataError:
        return None
