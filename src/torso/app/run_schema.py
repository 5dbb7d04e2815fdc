"""The JSON Schema of `run.yaml` (draft 2020-12), from the same signatures and sections as everything else.

An editor completes and checks a config with it: parts by name, their settings with meaning and default, kinds of
inputs and targets, the sections. It says the type of a value; bounds only where a section states them, since a
part's constructor is the one to refuse a value. Sensible ranges stand in the descriptions and as examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from torso.core.ranges import Range
from torso.core.setting_types import members
from torso.core.signature import Setting, paragraph
from torso.runs.settings.config import RunConfig
from torso.runs.settings.rooms import ROOMS_OF_TRAINING, PartRegistry, registry_of
from torso.training.config import TrainingConfig

__all__ = ["run_schema"]

Json = dict[str, Any]

_ANY_NAME = "^[^:]*:[^:]+$"
"""An import path, `module:Class`."""

_MISSING: Json = {
    "type": "array",
    "items": {"type": ["string", "number"]},
    "description": "Cells that mean missing in this column, besides those of `data.missing`.",
}
_ABOUT_COLUMN: dict[str, Json] = {
    "inputs": {
        "missing": _MISSING,
        "modality": {
            "type": "string",
            "description": "Joins columns under another name, for one encoder.",
        },
    },
    "targets": {
        "missing": _MISSING,
        "metrics": {
            "anyOf": [
                {"type": "array", "items": {"type": "string", "pattern": _ANY_NAME}},
                {"type": "string", "pattern": _ANY_NAME},
                {"type": "object", "additionalProperties": {"enum": ["higher", "lower"]}},
            ],
            "description": "Functions as module:function that judge the task as well; a mapping says whether higher or "
            "lower is better.",
        },
        "column": {
            "type": "string",
            "description": "Column that holds the labels; default: the target's name.",
        },
    },
}


def run_schema() -> Json:
    """Return the JSON Schema of `run.yaml` as JSON values.

    >>> schema = run_schema()
    >>> schema["$schema"]
    'https://json-schema.org/draft/2020-12/schema'
    >>> schema["$defs"]["fusion/gated"]["properties"]["gate"]["enum"]
    ['sigmoid', 'softmax']
    """
    whole = _untitled(RunConfig.model_json_schema())
    properties, definitions = whole["properties"], whole["$defs"]
    for section in (TrainingConfig, RunConfig):
        known = whole if section is RunConfig else definitions[section.__name__]
        _add_ranges(known["properties"], section)
    for room in ("fusion", "sharing", "balancing"):
        definitions |= _parts(room, default=RunConfig.model_fields[room].default)
        properties[room] = {**_about(properties[room]), "$ref": f"#/$defs/{room}"}
    training = definitions["TrainingConfig"]["properties"]
    for room in ROOMS_OF_TRAINING:
        definitions |= _parts(room, default=TrainingConfig.model_fields[room].default["type"])
        training[room] = {**_about(training[room]), "$ref": f"#/$defs/{room}"}
    for room in ("encoders", "heads"):
        definitions |= _parts(room)
        properties[room] = {
            **_about(properties[room]),
            "type": "object",
            "additionalProperties": {"$ref": f"#/$defs/{room}"},
        }
    for room in ("inputs", "targets"):
        definitions |= _kinds(room)
        properties[room] = {
            **_about(properties[room]),
            "anyOf": [
                {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{room}"}},
                {"type": "array", "items": {"type": "string"}},
            ],
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "run.yaml of Torso",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions,
    }


def _add_ranges(properties: Json, section: type[BaseModel]) -> None:
    """Write the sensible ranges of a section's keys into their descriptions."""
    for key, field in section.model_fields.items():
        for note in field.metadata:
            if isinstance(note, Range):
                properties[key]["description"] += f". Sensible: {note}."


def _untitled(value: object) -> Any:
    """Return a pydantic schema without the titles that repeat the keys."""
    if isinstance(value, dict):
        return {k: _untitled(v) for k, v in value.items() if k != "title" or isinstance(v, dict)}
    return [_untitled(item) for item in value] if isinstance(value, list) else value


def _about(field: Json) -> Json:
    return {key: field[key] for key in ("description", "default") if key in field}


def _parts(room: str, default: str = "") -> dict[str, Json]:
    """Return the definitions of a room's parts, and that of a choice among them.

    Args:
        room: its key in `run.yaml`.
        default: the part that settings without a name belong to; empty where that hangs on the data.
    """
    registry = registry_of(room)
    definitions, choices = {}, []
    for name in registry:
        settings = _users(registry.settings(name))
        title = f"{room}/{name}"
        short = name.rpartition("/")[2]
        names = sorted({short, name})
        required = [key for key, setting in settings.items() if setting.required]
        typed = ["type"] if default and name != default else []
        definitions[title] = _object(
            {"type": {"enum": names}, **_properties(registry, room, settings)},
            [*typed, *required],
            paragraph(registry.find(name)),
        )
        referred = {key: {"$ref": _pointer(title, key)} for key in settings}
        choices += [{"$ref": f"#/$defs/{_escaped(title)}"}]
        if not required:
            choices += [
                {"const": spelling, "description": paragraph(registry.find(name))}
                for spelling in names
            ]
        choices += [
            _object(
                {spelling: _inner(referred, required), **referred},
                [spelling],
                paragraph(registry.find(name)),
            )
            for spelling in names
        ]
    return {**definitions, room: {"anyOf": [*choices, *_from_elsewhere("type")]}}


def _kinds(section: str) -> dict[str, Json]:
    """Return the definitions of the kinds of inputs or targets, and that of a choice among them."""
    registry = registry_of(section)
    definitions: dict[str, Json] = {}
    choices: list[Json] = [{"type": "null"}] if section == "inputs" else []
    for name in registry:
        about = paragraph(registry.find(name))
        settings = _users(registry.settings(name))
        known = _properties(registry, section, settings)
        definitions[f"{section}/{name}"] = _object(
            {"kind": {"const": name}, **_ABOUT_COLUMN[section], **known}, [], about
        )
        choices += [
            {"$ref": f"#/$defs/{_escaped(f'{section}/{name}')}"},
            {"const": name, "description": about},
        ]
    return {**definitions, section: {"anyOf": [*choices, *_from_elsewhere("kind")]}}


def _from_elsewhere(key: str) -> list[Json]:
    """Return the spellings of a part outside Torso; its settings are unknown here."""
    name = {"type": "string", "pattern": _ANY_NAME}
    return [
        name,
        {"type": "object", "properties": {key: name}, "required": [key]},
        {"type": "object", "patternProperties": {_ANY_NAME: True}, "additionalProperties": False}
        | {"minProperties": 1},
    ]


def _users(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    return {key: setting for key, setting in settings.items() if setting.by_user}


def _object(properties: Mapping[str, Json], required: Sequence[str], about: str = "") -> Json:
    return {
        "type": "object",
        **({"description": about} if about else {}),
        "properties": dict(properties),
        **({"required": list(required)} if required else {}),
        "additionalProperties": False,
    }


def _inner(properties: Mapping[str, Json], required: Sequence[str]) -> Json:
    """Return the settings below a part's name: `{gated: {gate: softmax}}`, or nothing."""
    kind = "object" if required else ["object", "null"]
    return {**_object(properties, required), "type": kind}


def _pointer(title: str, key: str) -> str:
    return f"#/$defs/{_escaped(title)}/properties/{key}"


def _escaped(title: str) -> str:
    return title.replace("/", "~1")


def _properties(
    registry: PartRegistry, room: str, settings: Mapping[str, Setting]
) -> dict[str, Json]:
    return {key: _setting(registry, room, setting) for key, setting in settings.items()}


def _setting(registry: PartRegistry, room: str, setting: Setting) -> Json:
    """Return the schema of one setting: type, meaning, default, sensible values."""
    meaning = setting.meaning
    schema: Json = _type(setting.type)
    if registry.nests(setting):
        schema = {"$ref": f"#/$defs/{room}"}
    if setting.range is not None:
        meaning = f"{meaning} Sensible: {setting.range}."
        schema["examples"] = [setting.range.low, setting.range.high]
    if not setting.required:
        default = setting.default
        schema["default"] = list(default) if isinstance(default, tuple) else default
    return {**schema, "description": meaning}


_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", NoneType: "null"}


def _type(kind: object) -> Json:
    """Return the schema of a type; that of one which YAML has no values of takes everything."""
    options = [_member(member) for member in members(kind)]
    plain = [option["type"] for option in options if [*option] == ["type"]]
    if len(options) == 1:
        return options[0]
    return {"type": plain} if len(plain) == len(options) else {"anyOf": options}


def _member(kind: object) -> Json:
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in _TYPES:
        return {"type": _TYPES[origin]}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _type(inner[1]) if inner else True}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return {"type": "array", "items": _type(inner[0]) if inner else True}
    return {}
