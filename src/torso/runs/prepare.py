"""The steps of a run before training, done once for any number of trainings.

`prepare` reads the tables, infers the kinds of their columns, splits the rows, learns vocabularies and statistics,
and decodes the files. `torso.train` takes it from there, again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from torso.cache.store import cache_root
from torso.columns.copies import copies_note
from torso.columns.dataset import Dataset
from torso.columns.loader import gather
from torso.columns.reading import Reading, Skipped
from torso.columns.splits import Split
from torso.core.errors import ConfigError
from torso.core.types import Batch
from torso.model.model import Model
from torso.progress.watching import watched
from torso.runs.build import build_model, check_parts
from torso.runs.folder.seen_rows import SeenRows
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.predicting.prediction import skipped_notes
from torso.runs.preparing.complete import complete_parts, settle_encoders
from torso.runs.preparing.gather import NO_TABLE, Gathered, found_beside, gather_values, trusting
from torso.runs.preparing.keywords import telling_keywords
from torso.runs.preparing.options import read_options
from torso.runs.preparing.prepared import Prepared, Rows
from torso.runs.preparing.random_split import random_split_notes
from torso.runs.preparing.splitting import draw_split
from torso.runs.pretrained.candidate import Asked
from torso.runs.pretrained.choice import Pretrained, choose_pretrained, with_choice
from torso.runs.report.deciding import check_decisions
from torso.runs.schema.columns import infer_columns, leftover_warnings, notes_of
from torso.runs.schema.scales import settle_scales
from torso.runs.schema.schema import Schema
from torso.runs.schema.storable import check_storable
from torso.runs.schema.weights import RowWeights
from torso.runs.settings.check import check_values
from torso.runs.settings.config import DataConfig, RunConfig
from torso.runs.settings.paths import apply_settings
from torso.runs.starting.notes import carried_notes, leak_notes
from torso.runs.starting.start import Start
from torso.tables.spread import spread
from torso.tables.table import Table, read_table
from torso.tasks import fit_baseline
from torso.training import Listener

__all__ = ["draft_model", "prepare", "prepare_values"]


@telling_keywords
def prepare(
    table: object = None,
    targets: Sequence[str] | Mapping[str, object] = (),
    *,
    inputs: Sequence[str] | Mapping[str, object] | None = None,
    validation: object = None,
    test: object = None,
    config: str | Path | Mapping[str, object] | None = None,
    settings: Sequence[str] | Mapping[str, object] = (),
    trust_code: bool = False,
    listener: Listener | None = None,
) -> Prepared:
    """Read, split and decode a table once, for many trainings with `torso.train`.

    >>> import numpy as np
    >>> draw = np.random.default_rng(0)
    >>> size = draw.normal(size=80)
    >>> table = {"size": size, "price": size + draw.normal(size=80)}
    >>> prepare(table, ["price"]).config.targets["price"]["kind"]
    'number'

    Args:
        table: as for `fit`.
        targets: as for `fit`.
        inputs: as for `fit`.
        validation: as for `fit`.
        test: as for `fit`.
        config: as for `fit`.
        settings: as for `fit`; those of the training are the defaults of `torso.train`.
        trust_code: as for `fit`.
        listener: is told of files that are decoded and of notes; default: a bar in a terminal and in a notebook.

    Raises:
        ConfigError: settings that are unknown or contradictory.
        DataError: the table or its files cannot be used.
    """
    given = {"table": table, "validation": validation, "test": test}
    gathered = gather_values(given, targets, inputs, config, settings)
    trusted = trusting(config, trust_code, settings, targets, inputs)
    with trusted, watched(listener) as told:
        return prepare_values(gathered, given, config, told)


def prepare_values(
    gathered: Gathered,
    given: Mapping[str, object],
    origin: object,
    listener: Listener | None = None,
) -> Prepared:
    """Prepare the run that a config's raw values describe.

    Args:
        gathered: from `gather_values`; the kinds of the columns are filled in.
        given: `table`, `validation` and `test` -> a table in memory or its path; None for none.
        origin: the config's path, beside which tables are looked for, or anything else.
        listener: is told of files that are decoded and of warnings.
    """
    began = perf_counter()
    listener = listener or Listener()
    plan = _plan(gathered, given, origin, listener=listener)
    for note in plan.notes:
        listener.noted(note)
    check_parts(plan.config, plan.schema)
    whole, skipped = plan.dataset(plan.table)
    split = plan.split.split
    parts = {
        "training": Rows(plan.table, whole, split.train),
        "validation": Rows(plan.table, whole, split.validation),
        "test": Rows(plan.table, whole, split.test),
    }
    for name, table in plan.own.items():
        dataset, more = plan.dataset(table)
        rows = plan.weights.rows(table) if name == "validation" else np.arange(table.rows)
        parts[name] = Rows(table, dataset, rows)
        skipped += more
    names = [*plan.schema.inputs, *plan.schema.label_columns()]
    copies = copies_note({name: (part.table, part.rows) for name, part in parts.items()}, names)
    later = (
        *skipped_notes(skipped),
        *([] if copies is None else [copies]),
        *([] if plan.start is None else _start_notes(plan.start, plan, parts)),
    )
    for note in later:
        listener.noted(note)
    return Prepared(
        config=plan.config,
        schema=plan.schema,
        split=plan.split,
        parts=parts,
        baselines=_baselines(plan.schema, whole, split),
        cache=plan.cache,
        skipped=tuple(skipped),
        notes=(*plan.notes, *later),
        seconds=perf_counter() - began,
        settled=plan.settled,
        values=plan.values,
        start=plan.start,
    )


def _baselines(schema: Schema, dataset: Dataset, split: Split) -> dict[str, dict[str, object]]:
    """Return task -> the state of its baseline without inputs, learned from the training rows."""
    return {
        task: fit_baseline(
            kind.kind, kind.compared(dataset.targets[task][split.train]), facts=kind.judged_by()
        )
        for task, kind in schema.targets.items()
    }


def _start_notes(start: Start, plan: _Plan, parts: Mapping[str, Rows]) -> list[str]:
    def seen(name: str) -> str | None:
        table = parts[name].table
        reading = _reading(plan.settled, table, plan.listener)
        return start.seen(table.take(parts[name].rows), reading.options)

    return [
        *carried_notes(start, plan.config, plan.schema, plan.table),
        *leak_notes(start, plan.config, plan.table, seen),
    ]


def draft_model(
    table: object = None,
    targets: Sequence[str] | Mapping[str, object] = (),
    *,
    inputs: Sequence[str] | Mapping[str, object] | None = None,
    config: Mapping[str, object] | None = None,
    settings: Sequence[str] | Mapping[str, object] = (),
    rows: int = 64,
) -> tuple[Model, Batch]:
    """Return the untrained model that `fit` would train, on the CPU, and its first training rows as a batch.

    Args:
        table: as for `fit`.
        targets: as for `fit`.
        inputs: as for `fit`.
        config: as for `fit`, but no file.
        settings: as for `fit`.
        rows: how many; only their files are read.

    Raises:
        ConfigError: settings that are unknown or contradictory.
        DataError: the table or its files cannot be used.
    """
    given = {"table": table}
    gathered = gather_values(given, targets, inputs, config, settings)
    plan = _plan(gathered, given, config, listener=Listener(), race=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.config.seed)
        model = build_model(plan.config, plan.schema)
        dataset, _ = plan.dataset(plan.table.take(plan.split.split.train[:rows]))
        return model, gather(dataset, np.arange(dataset.rows))


@dataclass(frozen=True, eq=False)
class _Plan:
    """A run before any file is decoded."""

    values: Mapping[str, object]
    settled: RunConfig
    config: RunConfig
    schema: Schema
    table: Table
    own: Mapping[str, Table]
    split: StoredSplit
    weights: RowWeights
    cache: Path
    notes: tuple[str, ...]
    listener: Listener
    start: Start | None

    def dataset(self, table: Table) -> tuple[Dataset, list[Skipped]]:
        """Return a table laid out, and the cells that could not be read."""
        reading = _reading(self.settled, table, self.listener)
        dataset = self.schema.dataset(table, reading, sizes=self.config.sizes)
        reading.check_values()
        return self.weights.with_weights(dataset, table), list(reading.log.skipped)


def _plan(
    gathered: Gathered,
    given: Mapping[str, object],
    origin: object,
    *,
    listener: Listener,
    race: bool = True,
) -> _Plan:
    values = gathered.values
    checked = check_values(values)  # before a long reading
    start = Start.read(checked, origin)
    own = _tables(given, checked.data, origin, start)
    table = own.pop("table")
    if table.encoding is not None:
        apply_settings(values, {"data.usual_encoding": table.encoding})
    reports = infer_columns(table, values, add=gathered.open)
    check_values(values, trial=False)  # with every kind known
    asked = RunConfig.parse(values)
    if start is not None:
        asked = start.settle(values, table, alone=not own)
    told = [*gathered.notes, *(note for read in (table, *own.values()) for note in read.notes)]
    told += leftover_warnings(reports, [*asked.inputs, *asked.targets])
    split, notes = draw_split(asked, table, own, origin)
    told += [*notes, *random_split_notes(asked, table, own, reports, split.train)]
    weights, split = RowWeights.read(asked.data.weight, table, split, own)
    told += weights.notes
    if race:
        chosen = _with_pretrained(asked, table, split, own, listener)
        with_choice(values, chosen)
        told += chosen.notes
        asked = RunConfig.parse(values)
    settled = settle_encoders(_without_folds(asked, own), len(split.train))
    schema = Schema(settled.inputs, settled.targets)
    reading = _reading(settled, table, listener)
    schema.fit(table, split.train, reading, None if start is None else start.known(settled))
    settle_scales(schema, table, split.train, reading)
    check_storable(schema, table.name)
    check_decisions(schema.targets)
    return _Plan(
        values=deepcopy(values),
        settled=settled,
        config=complete_parts(settled, schema, len(split.train)),
        schema=schema,
        table=table,
        own=own,
        split=StoredSplit.of(table, split, SeenRows.of(table, split, schema, reading.options)),
        weights=weights,
        cache=cache_root(settled.data.cache),
        notes=notes_of(told, schema.notes),
        listener=listener,
        start=start,
    )


def _tables(
    given: Mapping[str, object], data: DataConfig, origin: object, start: Start | None
) -> dict[str, Table]:
    """Return the tables that are given or named, by role, with all inputs of the run that the fit starts from."""
    if given["table"] is None and data.table is None:
        raise ConfigError(NO_TABLE)
    tables = {
        name: _read(table, getattr(data, name), origin, data) for name, table in given.items()
    }
    return {
        name: table if start is None else start.completed(table)
        for name, table in tables.items()
        if table is not None
    }


def _with_pretrained(
    config: RunConfig, table: Table, split: Split, own: Mapping[str, Table], listener: Listener
) -> Pretrained:
    """Return the choice of pretrained encoders, on the rows that may be learnt from."""
    rows = split.train if "validation" in own else np.concatenate([split.train, split.validation])
    reading = _reading(config, table, listener)
    return choose_pretrained(Asked(config, table, np.sort(rows), reading, listener))


def _without_folds(config: RunConfig, own: Mapping[str, Table]) -> RunConfig:
    """Return the config without folds where a table of its own validates."""
    if "validation" not in own:
        return config
    if config.folds:
        raise ConfigError(
            f"`folds` should be 0 where a table of its own validates: its rows are never learnt from. Found {config.folds}."
        )
    return config.model_copy(update={"folds": 0})


def _reading(config: RunConfig, table: Table, listener: Listener) -> Reading:
    return Reading(read_options(config.data, table, listener.preparing, listener.noted))


def _read(table: object, path: str | None, origin: object, data: DataConfig) -> Table | None:
    """Return the table that a path names (settings win), or else the one in memory, if there is any."""
    if path is None and table is None:
        return None
    source = table if path is None else found_beside(path, origin)
    read = read_table(source, missing=data.missing, settings=data.text)
    return spread(read) or read  # one row teaches nothing
