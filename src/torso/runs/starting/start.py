"""The finished run that a fit goes on from: the meaning of its columns, and the first weights of each network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import cast

import pyarrow as pa

from torso.columns.inputs import Input, State
from torso.columns.reading import ReadOptions
from torso.core.cures import setting
from torso.core.errors import ConfigError, DataError, RunError
from torso.core.spec import Settings, Spec
from torso.model.carry_over import Alike, Carried, carry_over
from torso.model.ensemble import Ensemble
from torso.model.low_rank import add_adapters
from torso.model.model import Model
from torso.runs.build import trained_model
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.runs.settings.described import Raw
from torso.runs.settings.paths import apply_settings
from torso.runs.settings.rooms import PartRegistry
from torso.runs.starting.values import run_folder
from torso.tables.table import Table
from torso.tasks import Target

__all__ = ["Start"]


@dataclass(frozen=True, eq=False)
class Start:
    """A finished run, as a fit on another table or for other targets begins with it.

    Attributes:
        name: of the run's folder, as it was given.
        config: of the run.
        schema: of the run, fitted.
        model: of the run, on the CPU.
        split: of the run's table; None if an earlier version wrote it.
        digest: of its weights.
        number: of the network that is trained; each begins as the run's network of the same number.
    """

    name: str
    config: RunConfig
    schema: Schema
    model: Model
    split: StoredSplit | None
    digest: str
    number: int = 0

    @classmethod
    def read(cls, config: RunConfig, origin: object) -> Start | None:
        """Return the run that a config names; None if it names none.

        Args:
            config: checked.
            origin: its path, beside which the run is looked for, or anything else.

        Raises:
            ConfigError: a search of other parts is asked for, too.
            RunError: the folder is no finished run, or its weights are not those that the config was written for.
        """
        said = config.start
        if said is None:
            return None
        if config.search:
            raise ConfigError(
                "`search` should be false where a fit starts from a run: its widths and encoders stay. Found true. "
                f"Leave it out: {setting('search', False)}"
            )
        folder = run_folder(said.run, origin)
        digest = _digest(folder)
        if said.digest not in (None, digest):
            raise RunError(
                f"`start.digest`: {said.run!r} has other weights, {digest}, than those that the config was written for, "
                f"{said.digest}: it was trained again. To start from the new ones: {setting('start.digest', None)}"
            )
        files = RunFolder(folder)
        schema, before = files.schema(), files.config()
        model = trained_model(files, before, schema)
        return cls(said.run, before, schema, model, files.split(), digest)

    # --- before the columns are learnt

    def completed(self, table: Table) -> Table:
        """Return a table with an empty column for each input of the run that it lacks.

        Raises:
            DataError: it lacks them all.
        """
        absent = self.absent(table)
        if len(absent) == len(self.schema.inputs):
            raise DataError(
                f"{table.name} has none of the inputs of {self.name!r}: {absent[:8]}. Fit without that run: "
                f"{setting('start', None)}"
            )
        data = table.data
        for name in absent:
            data = data.append_column(name, pa.nulls(table.rows))
        return replace(table, data=data) if absent else table

    def absent(self, table: Table) -> list[str]:
        """Return the inputs of the run that a table lacks."""
        return [name for name in self.schema.inputs if name not in table.names]

    def settle(self, values: Raw, table: Table, *, alone: bool) -> RunConfig:
        """Complete raw values by the run and the table, and return them as a config.

        Columns of the run come first, in its order, and inputs that it does not know get a modality of their own, so that
        its encoders stay as they are. If the
        table is the run's, its split and folds stay, so that no network is judged on rows that its weights come from.

        Args:
            values: with all kinds, changed.
            table: completed.
            alone: no other table validates or tests.
        """
        for section, known in (("inputs", self.schema.inputs), ("targets", self.schema.targets)):
            own = values[section]
            values[section] = {name: own[name] for name in (*known, *own) if name in own}
        for name, spec in values["inputs"].items():
            shared = Input.registry.find(str(spec["kind"])).modality
            if name not in self.schema.inputs and shared in self.schema.modalities:
                spec.setdefault("modality", f"new {shared}")
        settings: dict[str, object] = {"start.digest": self.digest}
        config = RunConfig.parse(values)
        if alone and not config.data.split.model_fields_set and self.is_same(table):
            before = self.config
            split = before.data.split
            settings |= {
                "data.split.like": self.name,
                "data.split.seed": before.seed if split.seed is None else split.seed,
                "data.split.group": split.group,
                "data.split.time": split.time,
            }
            if config.folds is None and config.quality != "fast" and config.budget is None:
                settings |= {"folds": before.folds, "repeats": config.repeats or before.repeats}
        apply_settings(values, settings)
        return RunConfig.parse(values)

    def is_same(self, table: Table) -> bool:
        """Return whether a table holds the rows that the run was fitted on."""
        try:
            return self.split is not None and bool(self.split.for_table(table, self.name))
        except DataError:
            return False

    def seen(self, table: Table, options: ReadOptions) -> str | None:
        """Return how many rows of a completed table the run has learnt from, such as `3 of its 40`; None if hardly any."""
        if self.split is None or self.split.seen is None:
            return None
        return self.split.seen.among(table, self.schema, options, self.split.learnt)

    def known(self, config: RunConfig) -> dict[str, Mapping[str, State]]:
        """Return `inputs` and `targets` -> column -> state that the run learnt, where the config describes the column alike."""
        sides: list[tuple[str, PartRegistry, Mapping[str, Input] | Mapping[str, Target]]] = [
            ("inputs", Input.registry, self.schema.inputs),
            ("targets", Target.registry, self.schema.targets),
        ]
        return {
            section: {
                name: columns[name].state()
                for name, spec in getattr(config, section).items()
                if name in columns
                and _meaning(registry, spec)
                == _meaning(registry, getattr(self.config, section)[name])
            }
            for section, registry, columns in sides
        }

    # --- a network

    def of(self, number: int) -> Start:
        """Return the start of another network."""
        return replace(self, number=number)

    def begin(self, model: Model, config: RunConfig, schema: Schema) -> None:
        """Put the run's weights into an untrained model, and freeze those that stay.

        Args:
            model: that the config describes.
            config: complete.
            schema: fitted.
        """
        assert config.start is not None
        carried = self.carried(model, config, schema)
        if config.start.train != "all":
            frozen = [parameter for parameter in carried.body if parameter.requires_grad]
            for parameter in frozen:
                parameter.requires_grad_(False)
            model.still = carried.modules
            if config.start.train == "adapters":
                add_adapters(model, frozen, config.start.rank)

    def carried(self, model: Model, config: RunConfig, schema: Schema) -> Carried:
        """Put the run's weights into an untrained model, and return the parts that took them."""
        return carry_over(model, self._network, self._alike(config, schema))

    @property
    def _network(self) -> Model:
        model = self.model
        if isinstance(model, Ensemble):
            return cast(Model, model.members[self.number % len(model.members)])
        return model

    def _alike(self, config: RunConfig, schema: Schema) -> Alike:
        before, known = self.config, self.known(config)
        old = self.schema
        same = before.dim == config.dim
        return Alike(
            config.dim,
            {
                name
                for name, modality in schema.modalities.items()
                if same
                and name in old.modalities
                and [*modality.columns] == [*old.modalities[name].columns]
                and {*modality.columns} <= {*known["inputs"]}
                and before.encoders.get(name) == config.encoders[name]
            },
            {
                task
                for task, kind in schema.targets.items()
                if same
                and task in known["targets"]
                and kind.names[: len(old.targets[task].names)] == old.targets[task].names
                and _type(before.heads.get(task)) == _type(config.heads[task])
            },
            config.fusion if same and before.fusion == config.fusion else None,
            config.sharing if same and before.sharing == config.sharing else None,
        )


def _digest(folder: Path) -> str:
    """Return a digest of a run's weights."""
    with (folder / "model.safetensors").open("rb") as file:
        whole = blake2b(digest_size=8)
        while block := file.read(1 << 20):
            whole.update(block)
    return whole.hexdigest()


def _meaning(registry: PartRegistry, spec: Settings) -> dict[str, object]:
    """Return a column's description with every setting, whatever modality it belongs to."""
    about = {key: spec[key] for key in ("column", "missing") if spec.get(key)}
    settings = {
        key: value
        for key, value in spec.items()
        if key not in ("kind", "modality", "column", "missing")
    }
    full = registry.complete(Spec(str(spec["kind"]), settings))
    return {"kind": full.name, **about, **full.settings}


def _type(part: object) -> object:
    return part.get("type") if isinstance(part, Mapping) else part
