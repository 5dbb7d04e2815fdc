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
from torso.columns.reading import Reading, ReadOptions, Skipped
from torso.columns.splits import Split
from torso.core.errors import ConfigError
from torso.core.types import Batch
from torso.model.model import Model
from torso.progress.watching import watched
from torso.runs.build import build_model, check_parts
from torso.runs.candidate import Asked
from torso.runs.check import check_values
from torso.runs.columns import infer_columns, leftover_warnings, notes_of
from torso.runs.complete import complete_parts, settle_encoders
from torso.runs.config import DataConfig, RunConfig
from torso.runs.figures import direction_notes
from torso.runs.gather import NO_TABLE, Gathered, found_beside, gather_values, trusting
from torso.runs.prediction import skipped_notes
from torso.runs.prepared import Prepared, Rows
from torso.runs.pretrained import Pretrained, choose_pretrained, with_choice
from torso.runs.random_split import random_split_notes
from torso.runs.scales import settle_scales
from torso.runs.schema import Schema
from torso.runs.seen_rows import SeenRows
from torso.runs.settings import apply_settings
from torso.runs.splitting import draw_split
from torso.runs.storable import check_storable
from torso.runs.stored_split import StoredSplit
from torso.runs.weights import RowWeights
from torso.tables.table import Table, read_table
from torso.tasks import fit_baseline
from torso.training import Listener

__all__ = ["draft_model", "prepare", "prepare_values"]


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
    add = inputs is None and not (config is not None and gathered.values.get("inputs"))
    trusted = trusting(config, trust_code, settings, targets, inputs)
    with trusted, watched(listener) as told:
        return prepare_values(gathered, given, config, add=add, listener=told)


def prepare_values(
    gathered: Gathered,
    given: Mapping[str, object],
    origin: object,
    *,
    add: bool,
    listener: Listener | None = None,
) -> Prepared:
    """Prepare the run that a config's raw values describe.

    Args:
        gathered: from `gather_values`; the kinds of the columns are filled in.
        given: `table`, `validation` and `test` -> a table in memory or its path; None for none.
        origin: the config's path, beside which tables are looked for, or anything else.
        add: columns that are not named become inputs where they look sensible.
        listener: is told of files that are decoded and of warnings.
    """
    began = perf_counter()
    listener = listener or Listener()
    plan = _plan(gathered, given, origin, add=add, listener=listener)
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
    later = (*skipped_notes(skipped), *([] if copies is None else [copies]))
    for note in later:
        listener.noted(note)
    return Prepared(
        config=plan.config,
        schema=plan.schema,
        split=plan.split,
        parts=parts,
        baselines={
            task: fit_baseline(
                kind.kind,
                kind.compared(whole.targets[task][split.train]),
                facts=kind.judged_by(),
            )
            for task, kind in plan.schema.targets.items()
        },
        cache=plan.cache,
        skipped=tuple(skipped),
        notes=(*plan.notes, *later),
        seconds=perf_counter() - began,
        settled=plan.settled,
        values=plan.values,
    )


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
    add = inputs is None and not (config is not None and gathered.values.get("inputs"))
    plan = _plan(gathered, given, config, add=add, listener=Listener(), race=False)
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
    add: bool,
    listener: Listener,
    race: bool = True,
) -> _Plan:
    values = gathered.values
    data = check_values(values).data  # before a long reading
    if given["table"] is None and data.table is None:
        raise ConfigError(NO_TABLE)
    tables = {
        name: _read(table, getattr(data, name), origin, data) for name, table in given.items()
    }
    table = tables.pop("table")
    assert table is not None
    own = {name: other for name, other in tables.items() if other is not None}
    if table.encoding is not None:
        apply_settings(values, {"data.usual_encoding": table.encoding})
    reports = infer_columns(table, values, add=add)
    check_values(values, trial=False)  # with every kind known
    asked = RunConfig.parse(values)
    told = [*gathered.notes]
    told += [note for read in (table, *own.values()) for note in read.notes]
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
    schema.fit(table, split.train, reading)
    settle_scales(schema, table, split.train, reading)
    check_storable(schema, table.name)
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
        notes=(*notes_of(told, schema.notes), *direction_notes(settled.targets)),
        listener=listener,
    )


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
            f"`folds` should be 0 where a table of its own validates: its rows are never learnt from. Found "
            f"{config.folds}."
        )
    return config.model_copy(update={"folds": 0})


def _reading(config: RunConfig, table: Table, listener: Listener) -> Reading:
    data = config.data
    return Reading(
        ReadOptions(
            folder=table.folder,
            default_root=data.root,
            cache=cache_root(data.cache),
            on_error=data.on_error,
            most_skipped=data.most_skipped,
            progress=listener.preparing,
        )
    )


def _read(table: object, path: str | None, origin: object, data: DataConfig) -> Table | None:
    """Return the table that a path names (settings win), or else the one in memory, if there is any."""
    if path is None and table is None:
        return None
    source = table if path is None else found_beside(path, origin)
    return read_table(source, missing=data.missing, settings=data.text)
