"""What a run begins with: its tables, the rows of each split, the schema, the untrained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torso.cache.store import cache_root
from torso.columns.dataset import Dataset
from torso.columns.loader import gather
from torso.columns.reading import Reading, ReadOptions
from torso.columns.splits import Split, split_rows
from torso.core.errors import ConfigError
from torso.core.types import Batch
from torso.inference.report import ColumnReport
from torso.model.model import Model
from torso.runs.build import build_model
from torso.runs.check import check_values
from torso.runs.columns import infer_columns
from torso.runs.complete import complete_parts, settle_encoders
from torso.runs.config import RunConfig
from torso.runs.gather import found_beside, gather_values
from torso.runs.schema import Schema
from torso.tables.table import Table, read_table
from torso.training import Listener

__all__ = ["Draft", "draft_model", "read_tables"]


class Draft:
    """A checked config and its tables, up to the untrained model.

    Args:
        config: checked.
        table: the rows.
        own: `validation` and `test`, where they have tables of their own.
        listener: is told of files that are decoded.
    """

    def __init__(
        self,
        config: RunConfig,
        table: Table,
        own: Mapping[str, Table],
        listener: Listener,
    ) -> None:
        self.config = config
        self.table = table
        self.own = own
        self.listener = listener
        self.skipped: list[dict[str, Any]] = []

    def split(self) -> Split:
        """Return the rows of each part."""
        data = self.config.data
        return split_rows(
            self.table,
            test=0.0 if "test" in self.own else data.split.test,
            validation=0.0 if "validation" in self.own else data.split.validation,
            stratify=data.split.stratify,
            group=data.split.group,
            column=data.split.column,
            seed=self.config.seed,
        )

    def model(self, split: Split) -> Model:
        """Learn the schema and complete the config from the training rows; return the untrained model."""
        self.config = settle_encoders(self.config)
        self.schema = Schema(self.config.inputs, self.config.targets)
        self.schema.fit(self.table, split.train, self._reading(self.table))
        self.config = complete_parts(self.config, self.schema, len(split.train))
        return build_model(self.config, self.schema)

    @property
    def cache(self) -> Path:
        """Root of the feature cache."""
        return cache_root(self.config.data.cache)

    def dataset(self, table: Table) -> Dataset:
        """Return a table laid out; what could not be read is noted."""
        reading = self._reading(table)
        dataset = self.schema.dataset(table, reading)
        self.skipped += [one.to_dict() for one in reading.log.skipped]
        return dataset

    def _reading(self, table: Table) -> Reading:
        data = self.config.data
        return Reading(
            ReadOptions(
                folder=table.folder,
                default_root=data.root,
                cache=self.cache,
                on_error=data.on_error,
                most_skipped=data.most_skipped,
                progress=self.listener.preparing,
            )
        )

    def first_batch(self, rows: int) -> tuple[Model, Batch]:
        """Return the untrained model, and the first training rows as a batch."""
        split = self.split()
        model = self.model(split)
        dataset = self.dataset(self.table.take(split.train[:rows]))
        return model, gather(dataset, np.arange(dataset.rows))


def draft_model(
    table: Any = None,
    targets: Sequence[str] | Mapping[str, Any] = (),
    *,
    inputs: Sequence[str] | Mapping[str, Any] | None = None,
    config: str | Path | Mapping[str, Any] | None = None,
    settings: Sequence[str] | Mapping[str, Any] = (),
    rows: int = 64,
) -> tuple[Model, Batch]:
    """Return the untrained model that `fit` would train, on the CPU, and its first training rows as a batch.

    Args:
        table: as for `fit`.
        targets: as for `fit`.
        inputs: as for `fit`.
        config: as for `fit`.
        settings: as for `fit`.
        rows: how many; only their files are read.

    Raises:
        ConfigError: settings that are unknown or contradictory.
        DataError: the table or its files cannot be used.
    """
    tables = {"table": table}
    values = gather_values(tables, targets, inputs, config, settings)
    source, own, _ = read_tables(values, tables, config, add=inputs is None, resume=False)
    with torch.random.fork_rng(devices=[]):
        run = RunConfig.parse(values)
        torch.manual_seed(run.seed)
        return Draft(run, source, own, Listener()).first_batch(rows)


def read_tables(
    values: dict[str, Any],
    tables: Mapping[str, Any],
    config: Any,
    *,
    add: bool,
    resume: bool,
) -> tuple[Table, dict[str, Table], list[ColumnReport]]:
    """Read the tables and fill the kinds of the columns into `values`; return also what was seen of them."""
    data = check_values(values).data  # before a long reading
    if tables["table"] is None and data.table is None:
        raise ConfigError("No table given. Pass one, or name it in the config as `data.table`.")
    given = {
        name: _read(one, getattr(data, name), config, data.missing) for name, one in tables.items()
    }
    source = given.pop("table")
    assert source is not None
    complete = (config is not None or resume) and bool(values.get("inputs"))
    reports = infer_columns(source, values, add=add and not complete)
    check_values(values)  # with every kind known
    return source, {name: one for name, one in given.items() if one is not None}, reports


def _read(table: Any, path: str | None, config: Any, missing: Sequence[str]) -> Table | None:
    """Return the table that a path names (settings win), or else the one in memory, if there is any."""
    if path is None and table is None:
        return None
    return read_table(table if path is None else found_beside(path, config), missing=missing)
