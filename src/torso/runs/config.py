"""`run.yaml`: all settings of a run, complete and editable. Unknown keys are errors.

The parts (encoders, fusion, sharing, heads, balancing) are specs that their rooms check against the parts'
constructors, so their settings are not written a second time here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from torso.core.errors import ConfigError, unknown
from torso.core.ranges import Range
from torso.core.strict import Strict
from torso.core.yaml_text import read_yaml
from torso.runs.config_errors import sentence_of
from torso.runs.config_text import config_text
from torso.runs.durations import seconds_of
from torso.runs.sections import DataConfig, PlainConfig, SplitConfig
from torso.training.config import TrainingConfig

__all__ = [
    "ABOUT_COLUMN",
    "DataConfig",
    "PlainConfig",
    "RunConfig",
    "SplitConfig",
    "apply_settings",
    "read_config",
    "setting_pairs",
]

_BY_COLUMN = ("inputs", "targets", "encoders", "heads")
"""Sections whose keys are names of columns, or of tasks and modalities that are called like columns."""
ABOUT_COLUMN = ("modality", "column", "missing")
"""Keys of an input or a target that are about its column, not about its kind."""
Quality = Literal["fast", "balanced", "best"]
_Part = str | dict[str, Any]
"""A part as YAML writes it; `runs.check` reads it with the names of its room."""


class RunConfig(Strict):
    """A whole run."""

    seed: int = Field(0, description="seed of the split, the first weights, the order of rows")
    quality: Quality = Field(
        "balanced",
        description="fast: one network alone; best: more networks and plain models, on folds that are drawn twice; "
        "settings that are named win",
    )
    budget: str | float | None = Field(
        None, description="time that the run may take, such as 90s, 10m, 2h or seconds; null: any"
    )
    data: DataConfig = DataConfig()  # type: ignore[call-arg]
    inputs: dict[str, dict[str, Any]] = Field(description="column -> kind and its settings")
    targets: dict[str, dict[str, Any]] = Field(description="column -> kind and its settings")
    dim: Annotated[int, Range(32, 512, log=True)] = Field(128, ge=2, description="width of a token")
    encoders: dict[str, _Part] = Field({}, description="modality -> encoder")
    fusion: _Part = "concat"
    sharing: _Part = Field(
        "hard",
        description="if left out: members, where rows are up to 2,000 and all inputs quickly learnt; hard in a fast run",
    )
    heads: dict[str, _Part] = Field({}, description="task -> head")
    modality_heads: bool = Field(False, description="adds heads of every task above each modality")
    missing: Literal["token", "skip"] = Field(
        "token", description="for a modality that a row lacks: a learned token, or nothing"
    )
    sizes: bool | None = Field(
        None,
        description="the network reads a recording's seconds and a picture's width and height, too; null: yes",
    )
    balancing: _Part = "equal"
    blend: Literal["auto", "off"] = Field(
        "auto",
        description="answers are those of network and plain models, weighted by task; off: the network's",
    )
    pretrained: Literal["auto", "off"] = Field(
        "auto",
        description="texts, pictures and recordings whose encoder is not named: a pretrained one that is on this "
        "machine reads them, frozen, where it helps on held-out rows; off: never",
    )
    folds: int | None = Field(
        None,
        ge=0,
        description="networks, each holding out another fold of the rows; 0: one network; null: by the table's size",
    )
    repeats: int | None = Field(
        None,
        ge=1,
        description="times that the folds are drawn anew for as many more networks; null: 1, and 2 with quality best",
    )
    search: bool = Field(
        False,
        description="tries other rates, widths, dropouts and encoders on the first fold before all networks are trained",
    )
    refit: bool = Field(
        False,
        description="the one network is trained again on training and validation rows, for as long as was best",
    )
    plain: PlainConfig = PlainConfig()  # type: ignore[call-arg]
    training: TrainingConfig = TrainingConfig()

    @field_validator("budget", mode="before")
    @classmethod
    def _duration(cls, value: object) -> object:
        if value is not None:
            seconds_of(value)
        return value

    @classmethod
    def parse(cls, values: Mapping[str, object], origin: str = "config") -> RunConfig:
        """Return the checked config.

        Raises:
            ConfigError: an unknown key, with the nearest known one, or a value that breaks a rule.
        """
        try:
            return cls.model_validate(_plain(values))
        except ValidationError as error:
            sentences = dict.fromkeys(sentence_of(cls, details) for details in error.errors())
            raise ConfigError(f"{origin}: " + " ".join(sentences)) from None

    def to_yaml(self) -> str:
        """Return the config as YAML, defaults included.

        Raises:
            ConfigError: it holds an object that YAML has no word for.
        """
        values = self.model_dump()
        try:
            return yaml.safe_dump(
                values, sort_keys=False, allow_unicode=True, default_flow_style=None
            )
        except yaml.YAMLError as error:
            raise ConfigError(
                f"The config should hold texts, numbers, lists and mappings. Found {error.args[-1]!r:.80}."
            ) from None


def _plain(value: object) -> object:
    """Return `value` with the numbers of NumPy as Python's, and paths as texts."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, PurePath):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else value


def read_config(path: str | Path) -> dict[str, object]:
    """Return the mapping in a YAML file, unchecked.

    Raises:
        ConfigError: the file is absent, is not UTF-8 or holds no mapping.
    """
    try:
        values = read_yaml(config_text(Path(path)))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        cure = f" A table is no config: torso fit {path} -t COLUMN" if ".csv" in str(path) else ""
        raise ConfigError(f"{path} should hold a mapping. Found {type(values).__name__}.{cure}")
    return values


def apply_settings(
    values: dict[str, object],
    settings: Sequence[str] | Mapping[str, object],
    columns: Collection[str] = (),
) -> None:
    """Change `values` in place by settings like `training.epochs=5`.

    The right side is YAML (`inputs.order=null` leaves a column out). A name that holds dots is found among
    the keys that exist and among the columns (`inputs.a.b.kind=text` finds the column `a.b`).

    Args:
        values: of a config.
        settings: as texts, or path -> value.
        columns: names of the table's columns.

    Raises:
        ConfigError: a setting without `=`, or one inside a value that is not a mapping.

    >>> values = {"inputs": {"a.b": {"kind": "number"}}}
    >>> apply_settings(values, ["inputs.a.b.kind=text", "training.epochs=5"])
    >>> values
    {'inputs': {'a.b': {'kind': 'text'}}, 'training': {'epochs': 5}}
    """
    named = {*columns, *_mapping(values, "inputs"), *_mapping(values, "targets")}
    for path, value in setting_pairs(settings, named):
        keys = path.split(".")
        named = {*columns, *_mapping(values, "inputs"), *_mapping(values, "targets")}
        if keys[0] in _BY_COLUMN and len(keys) > 2:
            ends = [end for end in range(len(keys), 1, -1) if ".".join(keys[1:end]) in named]
            if ends and ends[0] > 2:  # a name that holds dots
                keys = [keys[0], ".".join(keys[1 : ends[0]]), *keys[ends[0] :]]
            elif columns and not ends and keys[0] == "inputs":
                raise ConfigError(
                    f"`{path}`: {unknown('input column', '.'.join(keys[1:-1]), columns)}"
                )
        _put(values, keys, value, path)


def _mapping(values: Mapping[str, object], section: str) -> Mapping[str, object]:
    section_values = values.get(section)
    return section_values if isinstance(section_values, Mapping) else {}


def setting_pairs(
    settings: Sequence[str] | Mapping[str, object], columns: Collection[str] = ()
) -> list[tuple[str, object]]:
    """Return settings as pairs of path and value; names of `columns` may hold the sign between them.

    >>> setting_pairs(["training.epochs=5"])
    [('training.epochs', 5)]

    Raises:
        ConfigError: a setting without `=`, or not valid YAML.
    """
    if isinstance(settings, Mapping):
        return [*settings.items()]
    names = [name for name in columns if "=" in name]
    return [_pair(setting, names) for setting in settings]


def _pair(setting: str, names: Sequence[str]) -> tuple[str, object]:
    section, _, inner = setting.partition(".")
    known = [name for name in names if section in _BY_COLUMN and inner.startswith(f"{name}.")]
    start = len(f"{section}.{max(known, key=len)}") if known else 0
    path, equals, text = setting[start:].partition("=")
    path = setting[:start] + path
    if not equals or not path:
        raise ConfigError(f"A setting should look like training.epochs=5. Found {setting!r}.")
    try:
        return path.strip(), _loaded(text)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"The value of the setting {setting!r} is not valid YAML: {error}"
        ) from error


def _loaded(text: str) -> object:
    # Dates' formats and delimiters, which YAML would have in quotes
    if text.startswith("%") or re.fullmatch(r"[^\w\s'\"~\[\]{}]+|\t", text):
        return text
    value: object = read_yaml(text)
    if isinstance(value, str):  # YAML 1.1 reads 1e-3 as text
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _put(
    values: dict[str, object], path: list[str], value: object, setting: str, name_key: str = "type"
) -> None:
    """Put `value` where `path` leads.

    Args:
        values: changed in place.
        path: what is left of the setting's path.
        value: to put there.
        setting: the whole path, for messages.
        name_key: under which a name that stands alone goes on, once a setting comes to it.
    """
    ends = [end for end in range(len(path), 0, -1) if ".".join(path[:end]) in values]
    end = ends[0] if ends else 1  # the longest key that is there, since names may hold dots
    key, rest = ".".join(path[:end]), path[end:]
    if not rest:
        values[key] = value
        return
    inner = values.setdefault(key, {})
    if isinstance(inner, str) and len(rest) == 1:  # a part or a column given by a name
        inner = values[key] = {name_key: inner}
    if not isinstance(inner, dict):
        raise ConfigError(f"The setting {setting!r} needs a mapping at `{key}`. Found {inner!r}.")
    _put(inner, rest, value, setting, "kind" if key in ("inputs", "targets") else name_key)
