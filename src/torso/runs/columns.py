"""From a table and a wish to a config: kinds are inferred where nobody settled them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torso.core.errors import ConfigError, unknown, within
from torso.inference.report import ColumnReport, infer_target, inspect_table
from torso.runs.config import apply_settings, read_config
from torso.tables.table import Table
from torso.tasks import Target

__all__ = ["found_beside", "gather_values", "infer_columns", "leftover_warnings"]


def gather_values(
    tables: Mapping[str, Any],
    targets: Sequence[str] | Mapping[str, Any],
    inputs: Sequence[str] | Mapping[str, Any] | None,
    config: str | Path | Mapping[str, Any] | None,
    settings: Sequence[str] | Mapping[str, Any],
    folder: Path | None,
    *,
    resume: bool,
) -> dict[str, Any]:
    """Return the config's raw values: file or mapping, then arguments, then settings.

    A path among `tables` (`table`, `validation`, `test`) becomes the config's; a table in memory takes the
    place of a path that the config names.
    """
    if resume and config is None:
        if folder is None:
            raise ConfigError("`resume` needs `out`, the folder of the interrupted run.")
        config = folder / "run.yaml"
    values = (
        {}
        if config is None
        else read_config(config)
        if isinstance(config, str | Path)
        else _copied(config)
    )
    if values.get("data") is None:
        values["data"] = {}
    for name, table in tables.items():
        if table is not None:
            path = str(table) if isinstance(table, str | Path) else None
            apply_settings(values, {f"data.{name}": path})
    if isinstance(targets, str):
        targets = [targets]
    if targets:
        values["targets"] = (
            dict(targets) if isinstance(targets, Mapping) else {name: {} for name in targets}
        )
    if inputs is not None:
        values["inputs"] = (
            dict(inputs) if isinstance(inputs, Mapping) else {name: {} for name in inputs}
        )
    apply_settings(values, settings)
    if not values.get("targets"):
        raise ConfigError(
            "No target given. Name at least one column to predict, e.g. --target price, or targets=['price']."
        )
    return values


def found_beside(path: str | None, origin: Any) -> str | Path:
    """Return a path as it stands or, failing that, relative to the config's folder."""
    assert path is not None
    if not Path(path).exists() and isinstance(origin, str | Path):
        beside = Path(origin).parent / path
        if beside.exists():
            return beside
    return path


def infer_columns(table: Table, values: dict[str, Any], *, add: bool) -> list[ColumnReport]:
    """Fill in the kinds of inputs and targets in `values`, and return what was seen in the table.

    Args:
        table: the table.
        values: a config under construction; `inputs` and `targets` map columns to a kind, to settings with
            or without `kind`, or to None for a column to leave out.
        add: whether columns that are not named become inputs where they look sensible.

    Raises:
        ConfigError: a named column is not in the table, or no kind fits a target.
    """
    named = _described(values.get("targets") or {}, table, "target")
    targets = {name: spec for name, spec in named.items() if spec is not None}
    inputs = _described(values.get("inputs") or {}, table, "input")
    data = values.get("data") or {}
    kinds = {
        name: spec["kind"]
        for name, spec in {**inputs, **targets}.items()
        if spec and "kind" in spec and name in table.names
    }
    own = [name for name in targets if name in table.names]
    reports = inspect_table(table, own, roots=_roots(table, data), kinds=kinds)
    split = data.get("split") or {}
    aside = {split.get("group"), split.get("column"), *_parts_of_labels(targets)}
    chosen: dict[str, Any] = {}
    for report in reports:
        if report.name in targets:
            targets[report.name] = _settled(targets[report.name], report)
        if report.name in inputs:
            if inputs[report.name] is not None:
                chosen[report.name] = _settled(inputs[report.name], report)
        elif add and report.use and report.name not in {*aside, *targets}:
            chosen[report.name] = {"kind": report.kind, **report.settings}
    for spec in targets.values():
        if "kind" not in spec:  # its labels stand in a column of another name
            kind, why = infer_target(table.column(spec["column"]))
            if not kind:
                raise ConfigError(f"Column {spec['column']!r} cannot be used: {why}.")
            spec["kind"] = kind
    values["inputs"], values["targets"] = chosen, targets
    return reports


def _parts_of_labels(targets: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the columns that hold a target's label, or a part of it, besides its own."""
    kinds = []
    for name, spec in targets.items():
        if "kind" in spec:
            settings = {k: v for k, v in spec.items() if k not in ("kind", "column")}
            with within(f"targets.{name}"):
                kinds.append(Target.registry.build({"type": spec["kind"], **settings}))
    read = {spec["column"] for spec in targets.values() if spec.get("column")}
    return {other for kind in kinds for other in kind.others} | read


def _roots(table: Table, data: Mapping[str, Any]) -> list[Any]:
    named = data.get("root") or []
    folder = [table.folder] if table.folder is not None else []
    if not named:
        return []
    return [
        table.folder / root if table.folder is not None and (table.folder / root).exists() else root
        for root in named
    ] + folder


def _described(named: Any, table: Table, what: str) -> dict[str, Any]:
    if isinstance(named, str):
        named = [named]
    if not isinstance(named, Mapping):
        named = {name: {} for name in named}
    for name, spec in named.items():
        column = spec.get("column", name) if isinstance(spec, Mapping) else name
        kind = spec.get("kind", "") if isinstance(spec, Mapping) else spec
        free = kind in Target.registry and Target.registry.find(kind).free
        if column not in table.names and not (what == "target" and free and column == name):
            raise ConfigError(f"{table.name}: {unknown(f'{what} column', column, table.names)}")
        if not isinstance(spec, str | Mapping | None):
            raise ConfigError(
                f"`{what}s.{name}` should be a kind, or a mapping such as {{kind: number}}. Found {spec!r}."
            )
    return {
        name: {"kind": spec} if isinstance(spec, str) else dict(spec) if spec is not None else None
        for name, spec in named.items()
    }


def _settled(spec: dict[str, Any] | None, report: ColumnReport) -> dict[str, Any]:
    spec = dict(spec or {})
    kind = spec.pop("kind", report.kind)
    if not kind:
        raise ConfigError(f"Column {report.name!r} cannot be used: {report.why}.")
    return {"kind": kind, **report.settings, **spec}


def leftover_warnings(reports: Iterable[ColumnReport], used: Iterable[str]) -> list[str]:
    """Return one sentence per warning about a column in use, or about why one is not."""
    names = set(used)
    return [
        f"{report.name}{'' if report.name in names else ' (left out)'}: {warning}"
        for report in reports
        for warning in report.warnings
    ]


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _copied(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }
