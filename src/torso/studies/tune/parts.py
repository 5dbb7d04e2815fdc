"""The parts of a run as paths: which of them have a setting, of which type, and with which value.

A path may stand for several parts: `encoders.*.dropout` for every encoder that has a dropout, `*.dropout` for encoders,
fusion and sharing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torso.core.errors import ConfigError, unknown
from torso.core.ranges import Range
from torso.core.signature import Setting
from torso.core.spec import Spec
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.runs.settings.config_errors import key_paths
from torso.runs.settings.rooms import PartRegistry, registry_of
from torso.training.config import TrainingConfig

__all__ = ["Part", "inner_parts", "parts_of", "setting_of", "value_at"]

_ANY = ("encoders", "fusion", "sharing")
"""Rooms that `*.KEY` means."""


@dataclass(frozen=True)
class Part:
    """A part of a run.

    Attributes:
        path: `fusion`, `encoders.image`, `training.optimizer`.
        registry: of its room.
        form: which short names belong to; empty where a room has no forms.
        value: as the run's config has it.
    """

    path: str
    registry: PartRegistry
    form: str
    value: object

    def spec(self, chosen: object = None) -> Spec:
        """Return name and settings, those that were chosen in the place of the run's."""
        value = self.value if chosen is None else chosen
        return self.registry.parse(value, self.form).over(
            self.registry.parse(self.value, self.form)
        )

    def settings(self, chosen: object = None) -> dict[str, Setting]:
        """Return the settings that are the user's."""
        known = self.registry.settings(self.spec(chosen).name)
        return {key: setting for key, setting in known.items() if setting.by_user}


def parts_of(config: RunConfig) -> dict[str, Part]:
    """Return the parts of a complete config by path."""
    schema = Schema(config.inputs, config.targets)
    single = {room: getattr(config, room) for room in ("fusion", "sharing", "balancing")}
    parts = [Part(room, registry_of(room), "", value) for room, value in single.items()]
    for name, modality in schema.modalities.items():
        encoder = config.encoders.get(name)
        parts.append(Part(f"encoders.{name}", registry_of("encoders"), modality.form, encoder))
    for task, kind in schema.targets.items():
        parts.append(Part(f"heads.{task}", registry_of("heads"), kind.kind, config.heads.get(task)))
    for room in ("optimizer", "schedule"):
        value = getattr(config.training, room)
        parts.append(Part(f"training.{room}", registry_of(room), "", value))
    return {part.path: part for part in parts}


def inner_parts(path: str, parts: Mapping[str, Part]) -> tuple[list[Part], str]:
    """Return the parts that a path leads into, and the setting's name; no parts for a setting of the run itself.

    Raises:
        ConfigError: `*` for parts that no run has.
    """
    room, star, key = path.rpartition("*.")
    if star:
        rooms = _ANY if not room else (room.removesuffix("."),)
        if room and rooms[0] not in ("encoders", "heads"):
            raise ConfigError(
                f"`*` stands for every part (`*.{key}`), every encoder (`encoders.*.{key}`) or every head "
                f"(`heads.*.{key}`). Found {room.removesuffix('.')!r} before it."
            )
        return [part for part in parts.values() if part.path.split(".")[0] in rooms], key
    owners = [own for own in parts if path.startswith(f"{own}.")]
    if not owners:
        return [], path
    owner = max(owners, key=len)
    return [parts[owner]], path.removeprefix(f"{owner}.")


def setting_of(path: str, parts: Mapping[str, Part], chosen: Mapping[str, list[object]]) -> Setting:
    """Return type and range of the setting that a path leads to, in the first part that has it.

    Args:
        path: with or without `*`.
        parts: of the run.
        chosen: path of a part -> the parts that a search may put there.

    Raises:
        ConfigError: no part has it, with the nearest name.
    """
    owners, key = inner_parts(path, parts)
    if not owners:
        return _of_run(path, parts)
    known: dict[str, Setting] = {}
    for part in owners:
        for value in [None, *chosen.get(part.path, [])]:
            known = {**part.settings(value), **known}
    if key not in known:
        raise ConfigError(unknown("setting of the parts here:", key, known))
    return known[key]


def _of_run(path: str, parts: Mapping[str, Part]) -> Setting:
    """Return a setting of the training or of the run itself."""
    section, _, key = path.rpartition(".")
    fields = (TrainingConfig if section == "training" else RunConfig).model_fields
    field = fields.get(key) if section in ("", "training") else None
    if field is None:
        known = [name for name in key_paths(RunConfig) if "." not in name or "training." in name]
        raise ConfigError(unknown("setting", path, [*known, *parts]))
    sensible = next((note for note in field.metadata if isinstance(note, Range)), None)
    return Setting(path, field.annotation, field.default, field.description or "", sensible)


def value_at(path: str, config: RunConfig, parts: Mapping[str, Part]) -> object:
    """Return the value of a run's config at a path; None where parts differ, or for none."""
    if path in parts:
        return parts[path].value
    owners, key = inner_parts(path, parts)
    if not owners:
        value: object = config
        for name in path.split("."):
            value = getattr(value, name, None)
        return value
    values = [
        part.spec().settings.get(key, part.settings()[key].default)
        for part in owners
        if key in part.settings()
    ]
    return values[0] if values and all(value == values[0] for value in values) else None
