"""From a table to features and targets: which column is of which kind, and which columns form a modality.

The schema learns everything it knows from training rows, and is stored as JSON: the kinds and settings in
`schema.json`, tokenizers, category values and classes in `vocabulary.json`, means, spreads and quantiles in
`statistics.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from torso.columns.cells import is_text
from torso.columns.dataset import Dataset
from torso.columns.inputs import Input, State
from torso.columns.reading import Reading, ReadOptions
from torso.columns.references import Reference, measured
from torso.columns.sources import facts_of
from torso.core.errors import ConfigError, DataError, unknown, within
from torso.core.spec import Spec
from torso.runs.schema.columns import check_one_side
from torso.runs.schema.modality import grouped
from torso.runs.settings.config import ABOUT_COLUMN
from torso.tables.missing_cells import without
from torso.tables.table import Column, Table
from torso.tasks import Labels, Target, metrics_of, own_metrics

__all__ = ["Schema"]

_OPEN = Spec()
_VOCABULARY = (
    "tokenizer",
    "values",
    "classes",
    "labels",
    "tags",
    "type",
    "joined",
    "separator",
    "between",
)


class Schema:
    """Kinds of the columns that a run uses.

    Args:
        inputs: column -> `{kind: ..., settings}`; the key `modality` joins columns under another name, `missing`
            lists texts that mean "no value" in this column.
        targets: task -> `{kind: ..., settings}`; the key `column` says which column holds the labels, by default
            that of the task's name. That one may be an input too, which a model then learns to restore. `missing`
            as for inputs, `metrics` names functions that judge the task as well.

    Raises:
        ConfigError: an unknown kind or setting, or a column that is input and target at once.
    """

    def __init__(
        self, inputs: Mapping[str, Mapping[str, Any]], targets: Mapping[str, Mapping[str, Any]]
    ) -> None:
        if not inputs:
            raise ConfigError(
                "A run should have at least one input. Found none; name columns under `inputs`."
            )
        if not targets:
            raise ConfigError(
                "A run should have at least one target. Found none; name columns under `targets`."
            )
        check_one_side(inputs, targets)
        self.inputs = {
            name: _build(Input.registry, "inputs", name, spec) for name, spec in inputs.items()
        }
        self.targets: dict[str, Target] = {
            name: _build(Target.registry, "targets", name, spec) for name, spec in targets.items()
        }
        self.metrics = {
            name: own_metrics(targets[name].get("metrics"), name, kind.kind)
            for name, kind in self.targets.items()
        }
        self.labels = {
            name: targets[name].get("column", None if kind.free else name)
            for name, kind in self.targets.items()
        }
        described = {
            **{spec.get("column", name): spec for name, spec in targets.items()},
            **inputs,
        }
        self.signs = {
            name: [str(sign) for sign in spec.get("missing") or ()]
            for name, spec in described.items()
        }
        wished = {name: spec.get("modality") for name, spec in inputs.items()}
        for name, kind in self.targets.items():
            for other in kind.others:
                if other in self.inputs or other == name:
                    raise ConfigError(
                        f"The column {other!r} is a part of the target {name!r}, so it cannot be an input or the "
                        f"target itself. Take it out of `inputs`, or name another column in `targets.{name}`."
                    )
        self.references: dict[str, Reference] = {}
        self.modalities = grouped(self.inputs, wished)
        first = {
            name: next(iter(modality.columns.values()))
            for name, modality in self.modalities.items()
        }
        for name, kind in self.targets.items():
            kind.bind(name, first)

    def fit(
        self,
        table: Table,
        rows: np.ndarray,
        reading: Reading | None = None,
        known: Mapping[str, Mapping[str, State]] | None = None,
    ) -> None:
        """Learn statistics, vocabularies and classes from the training rows only.

        Args:
            table: the table.
            rows: positions of its training rows.
            reading: how to read cells that lie in files; what is skipped is noted when they are laid out.
            known: `inputs` and `targets` -> column -> state that an earlier run learnt, which stays.
        """
        known = known or {"inputs": {}, "targets": {}}
        self._require(table, [*self.inputs, *self.label_columns()])
        training, options = table.take(rows), reading.options if reading else ReadOptions()
        for name, kind in self.inputs.items():
            if name in known["inputs"]:
                kind.restore(known["inputs"][name])
            else:
                kind.learn(self.column(training, name), Reading(options))
            cells = measured(kind, self.column(training, name))
            self.references[name] = Reference.of(cells)
        for name, target in self.targets.items():
            if name in known["targets"]:
                target.go_on(known["targets"][name], self.label(training, name), Reading(options))
            else:
                target.learn(self.label(training, name), Reading(options))

    @property
    def notes(self) -> dict[str, tuple[str, ...]]:
        """Input or task -> sentences for the user about its training cells."""
        kinds = {**self.inputs, **self.targets}
        return {name: kind.notes for name, kind in kinds.items() if kind.notes}

    def metric_names(self) -> dict[str, list[str]]:
        """Return task -> the metrics of its kind, and the user's own."""
        return {
            task: [*metrics_of(kind.kind), *(metric.name for metric in self.metrics[task])]
            for task, kind in self.targets.items()
        }

    @property
    def restored(self) -> dict[str, str]:
        """Task -> the modality that holds its labels, for tasks whose labels are an input."""
        return {
            task: name
            for task, column in self.labels.items()
            for name, modality in self.modalities.items()
            if column in modality.columns
        }

    @property
    def sizes(self) -> dict[str, int]:
        """Modality -> number of facts about its whole files, for modalities that have any."""
        return {name: room.sizes for name, room in self.modalities.items() if room.sizes}

    def label_columns(self, tasks: Iterable[str] | None = None) -> list[str]:
        """Return the columns that hold labels of `tasks` (default: all), or parts of them."""
        columns = {
            column: None
            for task in (self.targets if tasks is None else tasks)
            for column in (self.labels[task], *self.targets[task].others)
            if column is not None
        }
        return list(columns)

    def encoder(self, modality: str, said: Spec = _OPEN) -> Spec:
        """Return a modality's encoder: `said`, completed by the targets' wishes and the modality's default.

        An open name is the first that a target wishes for, else the modality's own, with the settings of that
        wish. Settings that targets ask of any encoder are added.

        Args:
            modality: its name.
            said: what the config says, under its full name; nothing, by default.
        """
        room = self.modalities[modality]
        wishes = [
            Spec.parse(kind.encoders().get(modality), form=room.form)
            for kind in self.targets.values()
        ]
        best = next(
            (wish for wish in wishes if wish.name), Spec.parse(room.encoder, form=room.form)
        )
        asked = {
            key: value for wish in wishes if not wish.name for key, value in wish.settings.items()
        }
        own = best.settings if said.name in ("", best.name) else {}
        return Spec(said.name or best.name, {**own, **asked, **said.settings})

    def dataset(
        self, table: Table, reading: Reading, *, targets: bool = True, sizes: bool | None = False
    ) -> Dataset:
        """Lay out a table.

        Args:
            table: must have every input column; a target column that it lacks has no labels.
            reading: how to read files, and where skipped cells are noted.
            targets: whether targets are read at all.
            sizes: whether the model reads facts about whole files; they are read when first asked for.

        Raises:
            DataError: an input column is absent, or a cell cannot be read.
        """
        self.require_inputs(table)
        if table.rows == 0:
            raise DataError(f"{table.name}: the table has no rows.")
        columns = {name: self.column(table, name) for name in self.inputs}
        labels = [name for name in self.label_columns() if targets and name in table.names]
        filled = reading.log.filled
        for name in dict.fromkeys([*self.inputs, *labels]):
            column = columns.get(name) or self.column(table, name)
            filled[name] = filled.get(name, 0) + len(column) - column.values.null_count
        sources = {
            name: modality.source(columns, reading) for name, modality in self.modalities.items()
        }
        return Dataset(
            table.rows,
            sources,
            {
                name: kind.encode(self.label(table, name), reading)
                if set(self.label_columns([name])) <= set(table.names)
                else kind.missing(table.rows)
                for name, kind in self.targets.items()
            }
            if targets
            else {},
            {name: facts for name in self.sizes if (facts := facts_of(sources[name])) is not None}
            if sizes
            else {},
        )

    def column(self, table: Table, name: str) -> Column:
        """Return a column of a table as its kind reads it: signs for missing are gone.

        A column without any value is of no type, so that no kind asks for another one: pandas makes floats of it.
        """
        column = table.column(name)
        signs, values = self.signs.get(name), column.values
        if not signs and values.null_count < len(values):
            return column
        if signs and (
            is_text(values) or pa.types.is_floating(values.type) or pa.types.is_integer(values.type)
        ):
            values = without(values, signs)
        if values.null_count == len(values):
            values = pa.nulls(len(values))
        return replace(column, values=values)

    def require_inputs(self, table: Table) -> None:
        """Raise a DataError unless a table has every input column."""
        self._require(table, self.inputs)

    def _require(self, table: Table, names: Iterable[str]) -> None:
        absent = [name for name in names if name not in table.names]
        if absent:
            raise DataError(
                f"{table.name}: {unknown('column', absent[0], table.names)} The run needs the columns "
                f"{absent}, which this table lacks; add them, with empty cells where nothing is known."
            )

    def state(self) -> dict[str, dict[str, Any]]:
        """Return `{"vocabulary": ..., "statistics": ...}`, JSON values per column."""
        out: dict[str, dict[str, Any]] = {"vocabulary": {}, "statistics": {}}
        for name, kind in {**self.inputs, **self.targets}.items():
            for key, value in kind.state().items():
                room = "vocabulary" if key in _VOCABULARY else "statistics"
                out[room].setdefault(name, {})[key] = value
        for name, reference in self.references.items():
            out["statistics"].setdefault(name, {})["reference"] = reference.to_dict()
        return out

    def restore(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Take back the values of `state`."""
        for name, kind in {**self.inputs, **self.targets}.items():
            learned = {**state["vocabulary"].get(name, {}), **state["statistics"].get(name, {})}
            kind.restore(learned)
            if "reference" in learned:  # early runs have none
                self.references[name] = Reference.from_dict(learned["reference"])

    def columns(
        self, task: str, table: Table, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return the columns of answers to the rows of `table`, as the kind of the task writes them."""
        kind = self.targets[task]
        if kind.along is not None:
            offsets = np.zeros((table.rows, prediction.shape[1], 2), np.int64)
            for row, own in enumerate(self._steps(table, kind.along)):
                if own is not None:
                    offsets[row, : len(own)] = own
            details = {**details, "offsets": offsets}
        return kind.columns(task, prediction, details)

    def _steps(self, table: Table, modality: str) -> list[np.ndarray | None]:
        """Return the steps of a modality of one column, row by row."""
        ((column, kind),) = self.modalities[modality].columns.items()
        return kind.offsets(self.column(table, column))

    def label(self, table: Table, task: str) -> Labels:
        """Return the labels of a task; nulls if they lie in no column."""
        name, kind = self.labels[task], self.targets[task]
        if name is None:
            return Labels(task, pa.nulls(table.rows), table.name, table.original_rows)
        column = self.column(table, name)
        return Labels(
            name,
            column.values,
            column.table,
            column.original_rows,
            typed=column.typed,
            others=tuple(self.column(table, other) for other in kind.others),
            steps=() if kind.along is None else self._steps(table, kind.along),
        )


def _build(registry: Any, room: str, name: str, spec: Mapping[str, Any]) -> Any:
    if not isinstance(spec, Mapping) or "kind" not in spec:
        raise ConfigError(
            f"Column {name!r} should be described by a mapping with the key `kind`. Found {spec!r}."
        )
    about = ("kind", *ABOUT_COLUMN[room])
    settings = {key: value for key, value in spec.items() if key not in about}
    with within(f"{room}.{name}"):
        return registry.build(Spec(spec["kind"], settings))
