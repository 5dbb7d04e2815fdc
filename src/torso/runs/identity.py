"""The rows, the split and the config that a training began with, kept with its checkpoint.

A training that went on with other rows would be judged on rows that it learnt from, so it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import TypedDict, cast

import yaml

from torso.columns.splits import Split
from torso.core.errors import ConfigError, RunError
from torso.core.spec import Settings
from torso.core.yaml_text import read_mapping
from torso.runs.folder.stored_split import column_digests
from torso.runs.preparing.prepared import Prepared
from torso.runs.settings.config import RunConfig
from torso.runs.settings.described import described
from torso.tables.table import Table
from torso.training.checkpoint import ANEW

__all__ = ["Identity", "check_columns", "check_same", "identity"]

_FREE = {
    *("quality", "budget", "pretrained", "data.weights", "examples"),
    *("data.table", "data.validation", "data.test", "data.root", "data.cache", "data.split.like"),
    *("data.delimiter", "data.encoding", "data.on_error", "data.most_skipped"),
    *(f"training.{name}" for name in ("epochs", "lr", "weight_decay", "warmup", "clip")),
    *(f"training.{name}" for name in ("patience", "device", "precision", "threads")),
}
"""Keys of the config that may change: where tables lie, whose cells are compared, and how the training goes on."""
_MOST_SHOWN = 5


class _Cells(TypedDict):
    """A table: its rows, and column -> digest of its cells."""

    rows: int
    columns: dict[str, str]


class Identity(TypedDict):
    """A training's config as YAML, its tables by role, and a digest of its split; all are JSON values."""

    config: str
    tables: dict[str, _Cells]
    split: str


def identity(prepared: Prepared, config: RunConfig) -> Identity:
    """Return values that tell this training's rows, split and model from any other's."""
    return {
        "config": config.to_yaml(),
        "tables": {
            name: {"rows": table.rows, "columns": _digests(prepared, name, table)}
            for name, table in _tables(prepared)
        },
        "split": _split_digest(prepared.split.split),
    }


def check_same(noted: Mapping[str, object], new: Identity, prepared: Prepared, run: str) -> None:
    """Refuse to go on with other rows, another split or another model.

    Args:
        noted: `identity` of the training that was interrupted.
        new: that of the training at hand.
        prepared: the rows at hand.
        run: its folder, for the message.

    Raises:
        RunError: something differs.
    """
    saved = cast("Identity", noted)
    try:
        reasons = [*_config_changes(saved["config"], new["config"])]
        names = dict(_tables(prepared))
        for role in {**saved["tables"], **new["tables"]}:
            before, now = saved["tables"].get(role), new["tables"].get(role)
            if before is None or now is None:
                reasons.append(
                    f"there is {'no' if now is None else 'a'} table of its own for {role}"
                )
            elif before != now:
                reasons.append(f"{names[role].name} has {_table_changes(before, now)}")
        if not reasons and saved["split"] != new["split"]:
            reasons.append("the split puts rows into other parts")
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(f"The checkpoint in {run!r} is damaged: {error!r}. {ANEW}") from None
    if reasons:
        raise _otherwise(run, reasons)


def check_columns(begun: Settings, values: Settings, run: str) -> None:
    """Refuse to go on with other columns, before a table is read.

    Args:
        begun: raw values of the config of the training that was interrupted.
        values: those at hand.
        run: its folder, for the message.

    Raises:
        RunError: they name other inputs or targets.
    """
    reasons = []
    for section in ("targets", "inputs"):
        old, new = (_names(config, section) for config in (begun, values))
        if {*old} != {*new}:
            reasons.append(f"the {section} are {_some(new)}, not {_some(old)}")
    if reasons:
        raise _otherwise(run, reasons)


def _otherwise(run: str, reasons: Sequence[str]) -> RunError:
    return RunError(
        f"The training in {run!r} cannot go on, because it began otherwise: {'; '.join(reasons)}. Give it what it "
        f"began with. {ANEW}"
    )


def _names(config: Settings, section: str) -> list[str]:
    columns = cast("Mapping[str, object] | None", config.get(section))
    return [name for name, spec in described(columns, section).items() if spec is not None]


def _tables(prepared: Prepared) -> Iterator[tuple[str, Table]]:
    """Yield `table`, and `validation` and `test` where these have tables of their own."""
    drawn_from = prepared.parts["training"].table
    yield "table", drawn_from
    for name in ("validation", "test"):
        if prepared.parts[name].table is not drawn_from:
            yield name, prepared.parts[name].table


def _digests(prepared: Prepared, name: str, table: Table) -> dict[str, str]:
    return dict(prepared.split.digests) if name == "table" else column_digests(table)


def _split_digest(split: Split) -> str:
    whole = blake2b(digest_size=16)
    for rows in (split.train, split.validation, split.test):
        whole.update(len(rows).to_bytes(8, "little") + rows.astype("<i8").tobytes())
    return whole.hexdigest()


def _table_changes(before: _Cells, now: _Cells) -> str:
    """Return how a table differs, after `has`."""
    if before["rows"] != now["rows"]:
        return f"{now['rows']} rows, not {before['rows']}"
    old, new = before["columns"], now["columns"]
    parts = {
        "other cells in": [name for name in old if name in new and old[name] != new[name]],
        "lost": [name for name in old if name not in new],
        "gained": [name for name in new if name not in old],
    }
    return " and ".join(
        f"{word} the columns {_some(names)}" for word, names in parts.items() if names
    )


def _config_changes(saved: str, new: str) -> Iterator[str]:
    now = _flat(read_mapping(new))
    try:
        before = _flat(RunConfig.parse(read_mapping(saved)).model_dump())
    except (ConfigError, yaml.YAMLError) as error:
        yield f"another version of Torso wrote its config ({error})"
        return
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    for key in [key for key in changed if key not in _FREE][:_MOST_SHOWN]:
        yield f"`{key}` is {_shown(now, key)}, not {_shown(before, key)}"


def _flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return `data.split.test` -> value, and so on; equal values are equal in JSON as well."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = json.loads(json.dumps(value, default=str))
    return flat


def _shown(values: Mapping[str, object], key: str) -> str:
    return f"{json.dumps(values[key], ensure_ascii=False):.60}" if key in values else "absent"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(map(repr, names[:_MOST_SHOWN])) + more
