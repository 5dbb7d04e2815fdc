"""A preparation as a frozen value, and the config of each training on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from torso.columns.dataset import Dataset
from torso.columns.reading import Skipped
from torso.core.errors import ConfigError
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.preparing.complete import complete_parts, settle_encoders
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
        asked = RunConfig.parse(values)
        own = self.settled.data.split
        if asked.data.split.seed is None and asked.seed != self.settled.seed:
            seed = self.settled.seed if own.seed is None else own.seed
            split = asked.data.split.model_copy(update={"seed": seed})
            asked = asked.model_copy(
                update={"data": asked.data.model_copy(update={"split": split})}
            )
        self._refuse_another_preparation(asked)
        rows = len(self.split.split.train)
        if self.settled.folds == 0 and asked.folds is None:  # a table of its own validates
            asked = asked.model_copy(update={"folds": 0})
        settled = settle_encoders(asked, rows, self.settled.inputs)
        for name, spec in settled.inputs.items():
            if spec != self.settled.inputs[name]:
                raise ConfigError(
                    f"The encoder of {name!r} asks for another layout of its column, {spec} instead of "
                    f"{self.settled.inputs[name]}. Prepare again with it: torso.prepare(..., settings=...)."
                )
        return complete_parts(settled, self.schema, rows)

    def under(self, settings: Sequence[str] | Mapping[str, object]) -> Prepared:
        """Return the preparation as if it had been asked for with `settings`.

        Raises:
            ConfigError: as from `configured`.
        """
        if not settings:
            return self
        return replace(self, config=self.configured(settings), values=self._asked(settings))

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
