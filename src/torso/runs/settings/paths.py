"""Settings like `training.epochs=5`: how their paths are read, names of columns included, and put into a config."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import yaml

from torso.core.cures import setting
from torso.core.errors import ConfigError, unknown
from torso.core.listed import check_listed
from torso.core.yaml_text import read_yaml

__all__ = ["Path", "apply_settings", "may_name_odd_columns", "no_reader", "setting_pairs"]

Path = tuple[str, ...]
"""Keys that lead to a value of a config, such as `("training", "epochs")`."""

_BY_COLUMN = ("inputs", "targets", "encoders", "heads")
"""Sections whose keys are names of columns, or of tasks and modalities that are called like columns."""
_QUOTED = re.compile(r"""\.(?:'([^']+)'|"([^"]+)")(?=\s*[.=]|\s*$)""")
"""A key in quotes, after its section."""


def apply_settings(
    values: dict[str, object],
    settings: Sequence[str] | Mapping[str, object],
    columns: Collection[str] = (),
) -> list[Path]:
    """Change `values` in place by settings like `training.epochs=5`, and return the paths that were set.

    The right side is YAML (`inputs.order=null` leaves a column out). A name that holds dots is found among
    the keys that exist and among the columns (`inputs.a.b.kind=text` finds the column `a.b`); it may stand in
    quotes (`inputs."a.b".kind=text`).

    Args:
        values: of a config.
        settings: as texts, or path -> value.
        columns: names of the table's columns.

    Raises:
        ConfigError: a setting without `=`, or one inside a value that is not a mapping.

    >>> values = {"inputs": {"a.b": {"kind": "number"}}}
    >>> apply_settings(values, ["inputs.a.b.kind=text", "training.epochs=5"])
    [('inputs', 'a.b', 'kind'), ('training', 'epochs')]
    >>> values
    {'inputs': {'a.b': {'kind': 'text'}}, 'training': {'epochs': 5}}
    """
    paths = []
    for path, value in setting_pairs(settings, _named(values, columns)):
        keys = _keys(path, values, columns)
        paths.append(tuple(_put(values, keys, value, path)))
    return paths


def may_name_odd_columns(settings: Sequence[str] | Mapping[str, object]) -> bool:
    """Return whether a setting has to be read with the table's columns at hand, for its dots, "=" or null."""
    if isinstance(settings, Mapping):
        return any(path.count(".") > 1 or value is None for path, value in settings.items())
    return any(
        text.count(".") > 1 or text.count("=") > 1 or text.endswith("null") for text in settings
    )


def no_reader(room: str, name: str, known: Collection[str]) -> ConfigError:
    """Return the error for an encoder or a head of a name that no modality or task has, with the way out.

    >>> no_reader("heads", "prise", ["price"])
    ConfigError("Unknown task in `heads`: 'prise'. Did you mean 'price'? Known: ['price']. Without: --set heads.prise=null")
    """
    owner = "modality" if room == "encoders" else "task"
    without = setting(f"{room}.{name}", None)
    return ConfigError(f"{unknown(f'{owner} in `{room}`:', name, known)} Without: {without}")


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
    check_listed("settings", settings)
    names = [name for name in columns if "=" in name]
    return [_pair(text, names) for text in settings]


def _keys(path: str, values: Mapping[str, object], columns: Collection[str]) -> list[str]:
    """Return the keys of a path, the name of a column as one of them."""
    keys = path.split(".")
    if keys[0] not in _BY_COLUMN:
        return keys
    named = _named(values, columns)
    ends = [end for end in range(len(keys), 1, -1) if ".".join(keys[1:end]) in named]
    if ends:
        return [keys[0], ".".join(keys[1 : ends[0]]), *keys[ends[0] :]]
    quoted = _QUOTED.match(path, len(keys[0]))
    if quoted:
        rest = path[quoted.end() :].strip().removeprefix(".")
        return [keys[0], quoted[1] or quoted[2], *(rest.split(".") if rest else [])]
    if columns and len(keys) > 2 and keys[0] == "inputs":
        raise ConfigError(f"`{path}`: {unknown('input column', '.'.join(keys[1:-1]), columns)}")
    return keys


def _named(values: Mapping[str, object], columns: Collection[str]) -> set[str]:
    """Return the names that a section may have as one key, dots or not."""
    return {*columns, *_mapping(values, "inputs"), *_mapping(values, "targets")}


def _mapping(values: Mapping[str, object], section: str) -> Mapping[str, object]:
    section_values = values.get(section)
    return section_values if isinstance(section_values, Mapping) else {}


def _pair(said: str, names: Sequence[str]) -> tuple[str, object]:
    section, _, inner = said.partition(".")
    known = [name for name in names if section in _BY_COLUMN and inner.startswith(f"{name}.")]
    known += [name for name in names if section in _BY_COLUMN and inner.startswith(f"{name}=")]
    start = len(f"{section}.{max(known, key=len)}") if known else 0
    quoted = _QUOTED.match(said, len(section)) if section in _BY_COLUMN and not known else None
    start = quoted.end() if quoted else start
    path, equals, text = said[start:].partition("=")
    path = said[:start] + path
    if not equals or not path:
        raise ConfigError(f"A setting should look like training.epochs=5. Found {said!r}.")
    try:
        return path.strip(), _loaded(text)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"The value of the setting {said!r:.200} is not valid YAML: {error}"
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
    values: dict[str, object], path: list[str], value: object, said: str, name_key: str = "type"
) -> list[str]:
    """Put `value` where `path` leads, and return the keys that led there.

    Args:
        values: changed in place.
        path: what is left of the setting's path.
        value: to put there.
        said: the whole path, for messages.
        name_key: under which a name that stands alone goes on, once a setting comes to it.
    """
    ends = [end for end in range(len(path), 0, -1) if ".".join(path[:end]) in values]
    end = ends[0] if ends else 1  # the longest key that is there, since names may hold dots
    key, rest = ".".join(path[:end]), path[end:]
    if not rest:
        values[key] = value
        return [key]
    inner = values.setdefault(key, {})
    if inner is None:  # taken out before
        inner = values[key] = {}
    if isinstance(inner, str) and len(rest) == 1:  # a part or a column given by a name
        inner = values[key] = {name_key: inner}
    if not isinstance(inner, dict):
        raise ConfigError(f"The setting {said!r} needs a mapping at `{key}`. Found {inner!r}.")
    name_key = "kind" if key in ("inputs", "targets") else name_key
    return [key, *_put(inner, rest, value, said, name_key)]
