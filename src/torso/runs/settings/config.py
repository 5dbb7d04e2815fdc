"""`run.yaml`: all settings of a run, complete and editable. Unknown keys are errors.

The parts (encoders, fusion, sharing, heads, balancing) are specs that their rooms check against the parts'
constructors, so their settings are not written a second time here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from torso.core.errors import ConfigError
from torso.core.ranges import Range
from torso.core.strict import Strict
from torso.core.yaml_text import read_yaml
from torso.runs.settings.config_errors import sentence_of
from torso.runs.settings.config_text import config_text
from torso.runs.settings.durations import seconds_of
from torso.runs.settings.sections import DataConfig, PlainConfig, SplitConfig, StartConfig
from torso.training.config import TrainingConfig

__all__ = [
    "ABOUT_COLUMN",
    "DataConfig",
    "PlainConfig",
    "RunConfig",
    "SplitConfig",
    "StartConfig",
    "read_config",
]

_OF_BOTH = ("modality", "column", "missing")
ABOUT_COLUMN = {"inputs": _OF_BOTH, "targets": (*_OF_BOTH, "metrics")}
"""Section -> keys of an input or a target that are not about its kind."""
Quality = Literal["fast", "balanced", "best"]
_Part = str | dict[str, Any]
"""A part as YAML writes it; `runs.check` reads it with the names of its room."""


class RunConfig(Strict):
    """A whole run."""

    seed: int = Field(
        0, ge=0, lt=2**32, description="seed of the split, the first weights, the order of rows"
    )
    quality: Quality = Field(
        "balanced",
        description="fast: one network alone; best: more networks and plain models, on folds that are drawn twice; "
        "settings that are named win",
    )
    budget: str | float | None = Field(
        None, description="time that the run may take, such as 90s, 10m, 2h or seconds; null: any"
    )
    start: StartConfig | None = Field(
        None, description="a finished run whose weights the fit begins with; null: none"
    )
    data: DataConfig = DataConfig()  # type: ignore[call-arg]
    inputs: dict[str, dict[str, Any]] = Field(description="column -> kind and its settings")
    targets: dict[str, dict[str, Any]] = Field(description="column -> kind and its settings")
    dim: Annotated[int, Range(32, 512, log=True)] = Field(
        128, ge=2, le=8192, description="width of a token"
    )
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
    examples: int = Field(
        5,
        ge=0,
        le=5,
        description="held-out rows whose inputs the run's folder holds, at most 2 MB, for whoever tries it with torso serve",
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
        except RecursionError:
            raise ConfigError(
                f"{origin}: lists or mappings are nested too deeply. Write fewer inside each other."
            ) from None

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
