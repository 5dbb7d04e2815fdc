"""The parts of every room with their settings, and the sections of `run.yaml`, as YAML names them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from torso.core.errors import ConfigError
from torso.core.ranges import Range
from torso.core.setting_types import rule
from torso.core.signature import REQUIRED, Setting, paragraph
from torso.runs.settings.config import DataConfig, StartConfig
from torso.runs.settings.config_errors import key_paths
from torso.runs.settings.rooms import ALL_ROOMS, PartRegistry, registry_of, rooms_of
from torso.training.config import TrainingConfig

__all__ = ["SECTIONS", "Entry", "Row", "Sheet", "rooms", "sheets"]

SECTIONS: dict[str, type[BaseModel]] = {
    "training": TrainingConfig,
    "data": DataConfig,
    "start": StartConfig,
}
"""Section of `run.yaml` -> its keys."""

_SPELLINGS = {
    "inputs": "--set inputs.COLUMN.kind={}",
    "targets": "--set targets.COLUMN.kind={}",
    "encoders": "--set encoders.MODALITY={}",
    "heads": "--set heads.TASK={}",
    "optimizer": "--set training.optimizer={}",
    "schedule": "--set training.schedule={}",
}


@dataclass(frozen=True)
class Entry:
    """One part in the list of its room.

    Attributes:
        name: as YAML says it.
        settings: as `name=default`; required ones without a default.
        summary: the first sentence about it.
        needs: what it needs and what that costs, where the room says so.
        family: which it belongs to, where the room has families.
        paper: where the first paper of its docstring is; empty for none.
    """

    name: str
    settings: str
    summary: str
    needs: str = ""
    family: str = ""
    paper: str = ""


@dataclass(frozen=True)
class Row:
    """One setting of a part or a section.

    Attributes:
        name: of the setting.
        default: as YAML writes it, or `required`.
        values: which it takes, and which are sensible.
        meaning: what it does.
    """

    name: str
    default: str
    values: str
    meaning: str


@dataclass(frozen=True)
class Sheet:
    """All settings of a part or of a section of `run.yaml`.

    Attributes:
        title: `room/name`, or that of the section.
        summary: what it is.
        spelling: how the command line names it.
        rows: its settings.
        needs: what it needs, where the room says so.
        paper: where its first paper is; empty for none.
        not_exportable: why a run with it cannot become a graph; empty if it can.
    """

    title: str
    summary: str
    spelling: str
    rows: tuple[Row, ...]
    needs: str = ""
    paper: str = ""
    not_exportable: str = ""


def rooms(only: str = "") -> dict[str, list[Entry]]:
    """Return room -> its parts; `only` picks one room.

    Raises:
        ConfigError: there is no such room.
    """
    return {
        room: [_entry(registry, name) for name in registry]
        for room in ([only] if only else ALL_ROOMS)
        for registry in [registry_of(room)]
    }


def sheets(name: str) -> list[Sheet]:
    """Return the settings of every part, or of the section, that `name` may mean.

    Args:
        name: a section; or a part, as `gated`, `fusion/gated`, `image/convnet`, `convnet` or `module:Class`.

    Raises:
        ConfigError: nothing is called so; with the nearest name.
    """
    if name in SECTIONS:
        return [_section_sheet(name)]
    parts = [(room, part) for room in ALL_ROOMS for part in registry_of(room)]
    named = [(room, part) for room, part in parts if f"/{room}/{part}".endswith(f"/{name}")]
    if ":" in name:
        named = [(room, name) for room in rooms_of(name)]
    if not named:
        short = [part.rpartition("/")[2] for _, part in parts]
        full = [f"{room}/{part}" for room, part in parts] + [part for _, part in parts]
        raise ConfigError(_nobody(name, [*ALL_ROOMS, *SECTIONS, *short, *full]))
    return [_part_sheet(registry_of(room), room, part) for room, part in named]


def _nobody(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, dict.fromkeys(known), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"Nothing is called {name!r}.{hint} `torso list` shows every part; sections: {[*SECTIONS]}."
    )


def _entry(registry: PartRegistry, name: str) -> Entry:
    part = registry.find(name)
    settings = [
        setting
        for setting in registry.settings(name).values()
        if setting.by_user and setting.name not in registry.common
    ]
    told = ", ".join(
        f"{each.name} (required)" if each.required else f"{each.name}={_default(each.default)}"
        for each in settings
    )
    needs, family = _needs(part), getattr(part, "family", "")
    return Entry(name, told, paragraph(part), needs, family, _paper(part))


def _part_sheet(registry: PartRegistry, room: str, name: str) -> Sheet:
    part = registry.find(name)
    rows = [_row(registry, each) for each in registry.settings(name).values() if each.by_user]
    spelling = _SPELLINGS.get(room, f"--set {room}={{}}").format(name.rpartition("/")[2])
    return Sheet(
        f"{room}/{name}",
        paragraph(part),
        spelling,
        tuple(rows),
        _needs(part),
        _paper(part),
        _closed(part),
    )


def _needs(part: type) -> str:
    return str(getattr(part, "needs", ""))


def _closed(part: type) -> str:
    return str(getattr(part, "not_exportable", "") or getattr(part, "not_in_onnx", ""))


def _row(registry: PartRegistry, setting: Setting) -> Row:
    values = f"a part of {registry.room}" if registry.nests(setting) else _words(setting.type)
    if setting.range is not None:
        values += f"; sensible: {setting.range}"
    return Row(setting.name, _default(setting.default), values, setting.meaning)


def _section_sheet(name: str) -> Sheet:
    section = SECTIONS[name]
    rows = [_key_row(path, _field(section, path)) for path in key_paths(section)]
    first = next(row.name for row in rows)
    return Sheet(
        name,
        paragraph(section),
        f"--set {name}.{first}=VALUE",
        tuple(row for row in rows if row.meaning),
    )


def _field(section: type[BaseModel], path: str) -> FieldInfo:
    """Return a key of a section, or of a section in it."""
    first, _, rest = path.partition(".")
    field = section.model_fields[first]
    inner: Any = field.annotation
    return _field(inner, rest) if rest else field


def _key_row(path: str, field: FieldInfo) -> Row:
    bounds = [
        word.format(getattr(note, key))
        for note in field.metadata
        for key, word in _BOUNDS.items()
        if hasattr(note, key)
    ]
    word, *null = (
        _words(field.annotation).split(" or null") if bounds else [_words(field.annotation)]
    )
    values = " ".join([word, *bounds, *["or null" for _ in null]])
    values += "".join(f"; sensible: {note}" for note in field.metadata if isinstance(note, Range))
    default = REQUIRED if field.is_required() else field.get_default(call_default_factory=True)
    return Row(path, _default(default), values, field.description or "")


_BOUNDS = {"ge": "from {:g}", "gt": "above {:g}", "le": "to {:g}", "lt": "to below {:g}"}


def _words(kind: object) -> str:
    """Return a type in few words: `whole number or null`, `sigmoid or softmax`."""
    return re.sub(r"\ban? (?=whole|number|text|list|mapping)", "", rule(kind)).replace("'", "")


def _default(value: object) -> str:
    """Return a default as YAML writes it, or `required`."""
    if value is REQUIRED:
        return "required"
    if isinstance(value, Mapping) and "type" in value:
        return str(value["type"])  # its settings have a sheet of their own
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(list(value) if isinstance(value, tuple) else value).replace("'", "")


def _paper(part: type) -> str:
    link = re.search(
        r"https://(arxiv\.org/abs|openreview\.net)/[^\s)]+", inspect.getdoc(part) or ""
    )
    return link.group().removeprefix("https://").rstrip(".;,:") if link else ""
