"""A preparation as a frozen value, and the config of each training on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from torso.columns.dataset import Dataset
from torso.columns.reading import Skipped
from torso.core.errors import ConfigError
from torso.core.listed import check_listed
from torso.runs.folder.seen_rows import SeenRows
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.preparing.complete import complete_parts, settle_encoders
from torso.runs.preparing.edits import followed_through
from torso.runs.preparing.options import read_options
from torso.runs.preparing.restricting import kept_names, restricted_dataset
from torso.runs.schema.schema import Schema
from torso.runs.settings.check import check_values
from torso.runs.settings.config import RunConfig
from torso.runs.settings.paths import apply_settings
from torso.runs.starting.start import Start
from torso.tables.table import Table
from torso.tasks import labelled

__all__ = ["Prepared", "Rows"]


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one part: which of which table.

    Attributes:
        table: they stand in.
        dataset: the table laid out.
        rows: their positions.
    """

    table: Table
    dataset: Dataset
    rows: np.ndarray

    def num_labels(self) -> dict[str, int]:
        """Return task -> rows with a label."""
        return {
            task: int(labelled(target[self.rows]).sum())
            for task, target in self.dataset.targets.items()
        }

    def with_any_label(self) -> np.ndarray:
        """Return the positions of rows with a label of at least one task."""
        known = [labelled(target[self.rows]) for target in self.dataset.targets.values()]
        return self.rows[np.any(known, axis=0)]


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """Tables that were read, split, learned and decoded, ready to be trained on.

    Attributes:
        config: complete: that of a training without further settings.
        schema: fitted on the training rows.
        split: of the table.
        parts: `training`, `validation` and `test` -> their rows.
        baselines: task -> the state of its baseline without inputs, learned from the training rows.
        cache: root of the feature cache.
        skipped: cells that counted as missing although they held something.
        notes: warnings about columns.
        seconds: that all this took.
        settled: the config before its parts were completed; inputs as their encoders ask for.
        values: the config as it was asked for, before encoders were settled.
        start: the run whose weights each network begins with; None for none.
    """

    config: RunConfig
    schema: Schema
    split: StoredSplit
    parts: Mapping[str, Rows]
    baselines: Mapping[str, Mapping[str, Any]]
    cache: Path
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    seconds: float
    settled: RunConfig
    values: Mapping[str, Any]
    start: Start | None = None

    def __repr__(self) -> str:
        """Return a summary with the notes."""
        rows = ", ".join(f"{len(part.rows):,} {name}" for name, part in self.parts.items())
        columns = f"{', '.join(self.schema.inputs)} -> {', '.join(self.schema.targets)}"
        notes = [f"note: {note}" for note in self.notes]
        return "\n".join([f"Prepared {columns}; rows: {rows}", *notes])

    def configured(self, settings: Sequence[str] | Mapping[str, object] = ()) -> RunConfig:
        """Return the complete config of a training with `settings` that win over those of `prepare`.

        The rows stay where they are: another `seed` alone moves none.

        Raises:
            ConfigError: settings that are unknown, or that ask for another preparation.
        """
        if not settings:
            return self.config
        values = self._asked(settings)
        check_values(values)
        asked = self._on_these_rows(RunConfig.parse(values))
        self._refuse_another_preparation(asked)
        return complete_parts(self._settled(asked), self.schema, len(self.split.split.train))

    def _on_these_rows(self, asked: RunConfig) -> RunConfig:
        """Return a config that names the seed of the split where its own seed is another."""
        own = self.settled.data.split
        if asked.data.split.seed is None and asked.seed != self.settled.seed:
            seed = self.settled.seed if own.seed is None else own.seed
            split = asked.data.split.model_copy(update={"seed": seed})
            asked = asked.model_copy(
                update={"data": asked.data.model_copy(update={"split": split})}
            )
        if self.settled.folds == 0 and asked.folds is None:  # a table of its own validates
            asked = asked.model_copy(update={"folds": 0})
        return asked

    def _settled(self, asked: RunConfig) -> RunConfig:
        """Return the config with encoders, in the layout at hand.

        Raises:
            ConfigError: an encoder asks for another layout of its column.
        """
        settled = settle_encoders(asked, len(self.split.split.train), self.settled.inputs)
        for name, spec in settled.inputs.items():
            if spec != self.settled.inputs[name]:
                raise ConfigError(
                    f"The encoder of {name!r} asks for another layout of its column, {spec} instead of "
                    f"{self.settled.inputs[name]}. Prepare again with it: torso.prepare(..., settings=...)."
                )
        return settled

    def under(self, settings: Sequence[str] | Mapping[str, object]) -> Prepared:
        """Return the preparation as if it had been asked for with `settings`.

        Raises:
            ConfigError: as from `configured`.
        """
        if not settings:
            return self
        return replace(self, config=self.configured(settings), values=self._asked(settings))

    def only(
        self, *, targets: Sequence[str] | None = None, inputs: Sequence[str] | None = None
    ) -> Prepared:
        """Return the preparation with some of its targets and inputs. No file is read again.

        Settings that were left open are chosen anew for the columns that stay, as in a fit of these alone; names of the
        others leave the config. What was learnt from the training rows stays: kinds, vocabularies, statistics, and the
        encoders and scales that were chosen with all columns in sight.

        >>> import torso
        >>> table = {"size": [n % 7 for n in range(60)], "age": [n % 5 for n in range(60)], "price": list(range(60))}
        >>> list(torso.prepare(table, ["price"]).only(inputs=["size"]).schema.inputs)
        ['size']

        Args:
            targets: those to keep, in any order; None keeps all.
            inputs: columns to keep, likewise.

        Raises:
            ConfigError: an unknown name, none at all, or a target that cannot do without an input.
        """
        check_listed("targets", targets)
        check_listed("inputs", inputs)
        kept = {
            "targets": kept_names("targets", targets, self.schema.targets),
            "inputs": kept_names("inputs", inputs, self.schema.inputs),
        }
        if all(kept[room] == list(getattr(self.schema, room)) for room in kept):
            return self
        began, values = perf_counter(), deepcopy(dict(self.values))
        for room, names in kept.items():
            values[room] = {name: values[room][name] for name in names}
        followed_through(values, self.values, (), self.parts["training"].table.names)
        check_values(values)
        settled = self._settled(self._on_these_rows(RunConfig.parse(values)))
        schema = Schema(settled.inputs, settled.targets)
        schema.restore(self.schema.state())
        read = {*schema.inputs, *schema.label_columns()}
        return replace(
            self,
            config=complete_parts(settled, schema, len(self.split.split.train)),
            schema=schema,
            split=self._split_of(schema),
            parts=self._parts_of(schema, settled),
            baselines={task: self.baselines[task] for task in schema.targets},
            skipped=tuple(cell for cell in self.skipped if cell.column in read),
            seconds=perf_counter() - began,
            settled=settled,
            values=values,
        )

    def _split_of(self, schema: Schema) -> StoredSplit:
        """Return the split with digests of the inputs that stay."""
        if list(schema.inputs) == list(self.schema.inputs):
            return self.split
        table = self.parts["training"].table
        options = read_options(self.settled.data, table)
        return replace(self.split, seen=SeenRows.of(table, self.split.split, schema, options))

    def _parts_of(self, schema: Schema, settled: RunConfig) -> dict[str, Rows]:
        """Return the parts with the columns that stay; parts of one table go on sharing it."""
        datasets: dict[int, Dataset] = {}
        for part in self.parts.values():
            if id(part.dataset) not in datasets:
                options = read_options(settled.data, part.table)
                datasets[id(part.dataset)] = restricted_dataset(
                    part.dataset, self.schema, schema, part.table, options
                )
        return {
            name: replace(part, dataset=datasets[id(part.dataset)])
            for name, part in self.parts.items()
        }

    def named(self, path: str) -> object:
        """Return the value that a setting such as `training.lr` was given; None where it was left open."""
        value: object = self.values
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def _asked(self, settings: Sequence[str] | Mapping[str, object]) -> dict[str, object]:
        """Return the raw values with `settings`."""
        values = deepcopy(dict(self.values))
        apply_settings(values, settings, self.parts["training"].table.names)
        for section in ("inputs", "targets"):  # null takes a column out
            columns = values[section].items()
            values[section] = {name: spec for name, spec in columns if spec is not None}
        return values

    def _refuse_another_preparation(self, asked: RunConfig) -> None:
        ours = RunConfig.parse(self.values)
        before, after = _flat(ours), _flat(asked)
        # The seed of the split may be spelled out, as long as it is the one that the rows were drawn with.
        for values, config in ((before, ours), (after, asked)):
            split = config.data.split
            values["data.split.seed"] = config.seed if split.seed is None else split.seed
        changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        if changed:
            raise ConfigError(
                f"`{changed[0]}` cannot change between trainings on one preparation: it was "
                f"{before.get(changed[0])!r}, now {after.get(changed[0])!r}. Prepare again with it: "
                "torso.prepare(..., settings=...)."
            )


def _flat(config: RunConfig) -> dict[str, object]:
    """Return `data.split.test` -> value, and so on, of all settings that a preparation depends on."""
    flat: dict[str, object] = {}

    def walk(prefix: str, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            if isinstance(value, Mapping):
                walk(f"{prefix}.{name}", value)
            else:
                flat[f"{prefix}.{name}"] = value

    for section in ("data", "inputs", "targets"):
        walk(section, getattr(config, section) if section != "data" else config.data.model_dump())
    flat["pretrained"] = config.pretrained
    flat["start.run"] = config.start and config.start.run
    return flat
