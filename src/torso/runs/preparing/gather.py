"""The raw values of a config, gathered from a file, from arguments and from `--set`; nothing is checked yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torso.core.arguments import names_in
from torso.core.errors import ConfigError
from torso.core.listed import check_listed
from torso.core.registry import no_imports
from torso.core.spec import words
from torso.runs.preparing.edits import followed_through, left_open
from torso.runs.settings.config import read_config
from torso.runs.settings.described import Described, Raw, described
from torso.runs.settings.figures import direction_notes
from torso.runs.settings.paths import Path as Keys
from torso.runs.settings.paths import apply_settings, may_name_odd_columns, setting_pairs
from torso.runs.starting.values import named_run, run_folder, those_of, values_of_run
from torso.tables.databases import is_address
from torso.tables.peek import column_names
from torso.tasks import spelled_metrics

__all__ = [
    "NO_TABLE",
    "Gathered",
    "found_beside",
    "gather_values",
    "trusting",
]

NO_TABLE = "No table given. Pass one, or name it in the config as `data.table`."


@dataclass(frozen=True)
class Gathered:
    """Raw values of a config.

    Attributes:
        values: file or mapping, arguments and settings together.
        notes: what edits left without a meaning and was taken out, a sentence for each.
        open: columns that are not named become inputs where they look sensible.
    """

    values: Raw
    notes: tuple[str, ...] = ()
    open: bool = True


def gather_values(
    tables: Mapping[str, object],
    targets: Sequence[str] | Mapping[str, object],
    inputs: Sequence[str] | Mapping[str, object] | None,
    config: str | Path | Mapping[str, object] | None,
    settings: Sequence[str] | Mapping[str, Any],
) -> Gathered:
    """Return the config's raw values: file or mapping, then arguments, then settings.

    A column that the arguments only name is described as the config does. What these edits leave without a meaning
    is taken out. Where the fit starts from a run, columns and parts that all this leaves open are that run's.

    Args:
        tables: `table`, `validation`, `test`; a path becomes the config's, a table in memory takes the place of a
            path that the config names.
        targets: as for `fit`.
        inputs: as for `fit`.
        config: as for `fit`.
        settings: as for `fit`.

    Raises:
        ConfigError: no target, a text in the place of a list, or a setting that leads nowhere.
        RunError: no run to start from.
    """
    check_listed("inputs", inputs)
    targets, inputs = names_in("targets", targets), names_in("inputs", inputs)
    if config is not None and not isinstance(config, str | Path | Mapping):
        raise ConfigError(
            f"`config` should be a path or a mapping. Found {type(config).__name__}. A table comes first: (table, targets)."
        )
    held = read_config(config) if isinstance(config, str | Path) else config or {}
    held, bare = _kinds_to_find(held)
    own_targets = targets or held.get("targets")
    values, held, run = _started(held, settings, targets, config)
    if values.get("data") is None:
        values["data"] = {}
    for name, table in tables.items():
        if table is not None:
            path = str(table) if isinstance(table, str | Path) else None
            apply_settings(values, {f"data.{name}": path})
    said: list[Keys] = []
    for section, columns in (("targets", targets or None), ("inputs", inputs)):
        if columns is not None:
            values[section] = _named_again(described(columns, section), held.get(section), section)
            said += [(section, name, "kind") for name in values[section]]
    path = values["data"].get("table") if isinstance(values["data"], Mapping) else None
    source = tables.get("table") if path is None else found_beside(path, config)
    names = column_names(source) if held or may_name_odd_columns(settings) else []
    if run is not None and names and not own_targets:
        values["targets"] = those_of(values["targets"], names)
    said += apply_settings(values, settings, names)
    left_open(values, held, said, names)
    directions = _spell_metrics(values)
    if not values.get("targets"):
        raise ConfigError(
            "No target given. Name at least one column to predict, e.g. --target price, or targets=['price']."
        )
    unnamed = run is None and inputs is None and not (config is not None and values.get("inputs"))
    notes = followed_through(values, held, said, names) if held else []
    return Gathered(values, (*bare, *notes, *directions), unnamed)


def _kinds_to_find(held: Mapping[str, object]) -> tuple[Mapping[str, object], list[str]]:
    """Return a config with `{}` for columns without a description, and a note on those, which YAML reads as null.

    `note:` below `inputs` is how many write that a column is an input of whatever kind it seems to be. To leave
    a column out, a config does not name it; `--set inputs.note=null` does so for one that it names.
    """
    own, bare = dict(held), list[str]()
    for section in ("inputs", "targets"):
        columns = own.get(section)
        if isinstance(columns, Mapping):
            bare += [f"`{section}.{name}`" for name, spec in columns.items() if spec is None]
            own[section] = {name: {} if spec is None else spec for name, spec in columns.items()}
    if not bare:
        return held, []
    note = (
        f"Kinds found from the cells, as the config describes none: {', '.join(bare)}. To leave a column out: take its "
        "line out of the config."
    )
    return own, [note]


def _started(
    held: Mapping[str, object],
    settings: Sequence[str] | Mapping[str, object],
    targets: Sequence[str] | Mapping[str, object],
    origin: object,
) -> tuple[Raw, Mapping[str, object], str | None]:
    """Return values and config, completed by the run that the fit starts from, and that run."""
    held = {key: value for key, value in held.items() if key != "start" or value is not None}
    run = named_run(held, settings)
    if run is None:
        return _copied(held), held, None
    folder = run_folder(run, origin)
    names = {*described(targets, "targets")} if targets else None
    return (
        _copied({**values_of_run(folder, names), **held}),
        {**values_of_run(folder, None), **held},
        run,
    )


def _spell_metrics(values: Raw) -> list[str]:
    """Write the metrics of targets by import paths, in place; return notes on directions that are not said."""
    targets = values.get("targets")
    own = targets if isinstance(targets, dict) else {}
    for task, spec in own.items():
        if isinstance(spec, dict) and "metrics" in spec:
            if spec["metrics"] is None:
                del spec["metrics"]
            else:
                spec["metrics"] = spelled_metrics(spec["metrics"], task)
    return direction_notes({task: spec for task, spec in own.items() if isinstance(spec, dict)})


def _named_again(columns: Described, held: object, section: str) -> Described:
    """Return columns with the descriptions that the config holds of those which are only named."""
    known = described(held, section) if isinstance(held, str | Mapping | list) else {}
    return {name: spec or known.get(name, {}) for name, spec in columns.items()}


def trusting(
    config: object,
    trust_code: bool,
    settings: Sequence[str] | Mapping[str, object],
    *columns: object,
) -> AbstractContextManager[None]:
    """Refuse, inside the block, code that only a config's file or a run to start from names, not the caller.

    Args:
        config: a file's path, which is not trusted, or a mapping that the caller made, which is.
        trust_code: trust the file as well.
        settings: as for `fit`.
        columns: `targets` and `inputs` as for `fit`.
    """
    own = config if isinstance(config, Mapping) else {}
    with suppress(ConfigError):  # `gather_values` says what is wrong
        if trust_code or not (
            isinstance(config, str | Path) or named_run(own, settings) is not None
        ):
            return nullcontext()
    return no_imports(besides={*_said_words(settings), *words(columns), *words(own)})


def _said_words(settings: Sequence[str] | Mapping[str, object]) -> Iterator[str]:
    """Yield the texts in settings; `gather_values` refuses those that cannot be read."""
    for setting in [settings] if isinstance(settings, Mapping) else [[text] for text in settings]:
        with suppress(ConfigError):
            yield from words(setting_pairs(setting))


def found_beside(path: str, origin: object) -> str | Path:
    """Return a path as it stands or, failing that, relative to the config's folder."""
    if not is_address(path) and not Path(path).exists() and isinstance(origin, str | Path):
        beside = Path(origin).parent / path
        if beside.exists():
            return beside
    return path


def _copied(values: Mapping[str, object]) -> dict[str, object]:
    return {
        key: _copied(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }
