"""The raw values of a config, gathered from a file, from arguments and from `--set`; nothing is checked yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from torso.core.errors import ConfigError
from torso.core.registry import no_imports
from torso.runs.config import apply_settings, read_config, setting_pairs
from torso.tables.formats.peek import column_names

__all__ = [
    "NO_TABLE",
    "Described",
    "described",
    "found_beside",
    "gather_values",
    "trusting",
    "words",
]

NO_TABLE = "No table given. Pass one, or name it in the config as `data.table`."

Described = dict[str, dict[str, Any] | None]
"""Column -> its settings with or without `kind`; None for a column to leave out."""


def gather_values(
    tables: Mapping[str, object],
    targets: Sequence[str] | Mapping[str, object],
    inputs: Sequence[str] | Mapping[str, object] | None,
    config: str | Path | Mapping[str, object] | None,
    settings: Sequence[str] | Mapping[str, Any],
) -> dict[str, Any]:
    """Return the config's raw values: file or mapping, then arguments, then settings.

    Args:
        tables: `table`, `validation`, `test`; a path becomes the config's, a table in memory takes the place of a
            path that the config names.
        targets: as for `fit`.
        inputs: as for `fit`.
        config: as for `fit`.
        settings: as for `fit`.

    Raises:
        ConfigError: no target, or a setting that leads nowhere.
    """
    values = _copied(read_config(config) if isinstance(config, str | Path) else config or {})
    if values.get("data") is None:
        values["data"] = {}
    for name, table in tables.items():
        if table is not None:
            path = str(table) if isinstance(table, str | Path) else None
            apply_settings(values, {f"data.{name}": path})
    if targets:
        values["targets"] = described(targets, "targets")
    if inputs is not None:
        values["inputs"] = described(inputs, "inputs")
    apply_settings(values, settings, _columns(tables.get("table"), values, config, settings))
    if not values.get("targets"):
        raise ConfigError(
            "No target given. Name at least one column to predict, e.g. --target price, or targets=['price']."
        )
    return values


def _columns(
    table: object,
    values: Mapping[str, Any],
    origin: object,
    settings: Sequence[str] | Mapping[str, object],
) -> list[str]:
    """Return the names of the table's columns where a setting may name one that holds dots or "="; else none."""
    pairs = setting_pairs(settings)
    if not any(path.count(".") > 1 or "=" in str(value) for path, value in pairs):
        return []
    path = (values.get("data") or {}).get("table")
    return column_names(table if path is None else found_beside(path, origin))


def trusting(
    config: object,
    trust_code: bool,
    settings: Sequence[str] | Mapping[str, object],
    *columns: object,
) -> AbstractContextManager[None]:
    """Refuse, inside the block, code that only a config's file names, not the caller.

    Args:
        config: a file's path, which is not trusted, or a mapping that the caller made, which is.
        trust_code: trust the file as well.
        settings: as for `fit`.
        columns: `targets` and `inputs` as for `fit`.
    """
    if trust_code or not isinstance(config, str | Path):
        return nullcontext()
    return no_imports(besides={*words([*setting_pairs(settings)]), *words(columns)})


def words(value: object) -> Iterator[str]:
    """Yield the texts in a value, keys included.

    >>> [*words({"fusion": {"late": ["mine:Part", 3]}})]
    ['fusion', 'late', 'mine:Part']
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from words(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from words(inner)


def described(columns: Iterable[str] | Mapping[str, Any] | None, section: str) -> Described:
    """Return columns as a config describes them, in any spelling, as column -> settings.

    >>> described("price", "targets"), described({"a": "number", "b": None}, "inputs")
    ({'price': {}}, {'a': {'kind': 'number'}, 'b': None})

    Args:
        columns: a name, names, or a mapping to a kind, to settings, or to None.
        section: `inputs` or `targets`.

    Raises:
        ConfigError: a column described by anything else.
    """
    if columns is None or isinstance(columns, str):
        columns = [columns] if columns else []
    if not isinstance(columns, Mapping):
        columns = {name: {} for name in columns}
    for name, spec in columns.items():
        if not isinstance(spec, str | Mapping | None):
            raise ConfigError(
                f"`{section}.{name}` should be a kind, or a mapping such as {{kind: number}}. Found {spec!r}."
            )
    return {
        name: {"kind": spec} if isinstance(spec, str) else None if spec is None else dict(spec)
        for name, spec in columns.items()
    }


def found_beside(path: str, origin: object) -> str | Path:
    """Return a path as it stands or, failing that, relative to the config's folder."""
    if not Path(path).exists() and isinstance(origin, str | Path):
        beside = Path(origin).parent / path
        if beside.exists():
            return beside
    return path


def _copied(values: Mapping[str, object]) -> dict[str, object]:
    return {
        key: _copied(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }
