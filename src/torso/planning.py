"""From a table and a wish to a complete config: kinds are inferred where nobody settled them.

What was chosen is written out in full, defaults included, so that `run.yaml` hides nothing and repeats the
run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torso.config import RunConfig
from torso.data.inference.report import ColumnReport, inspect_table
from torso.data.schema import Schema
from torso.data.tables.table import Table
from torso.errors import ConfigError, unknown

__all__ = ["complete_parts", "infer_columns", "leftover_warnings"]


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
    targets = _described(values.get("targets") or {}, table, "target")
    inputs = _described(values.get("inputs") or {}, table, "input")
    data = values.get("data") or {}
    kinds = {
        name: spec["kind"]
        for name, spec in {**inputs, **targets}.items()
        if spec and "kind" in spec
    }
    reports = inspect_table(table, list(targets), roots=_roots(table, data), kinds=kinds)
    split = data.get("split") or {}
    aside = {split.get("group"), split.get("column")}
    chosen: dict[str, Any] = {}
    for report in reports:
        if report.name in targets:
            targets[report.name] = _settled(targets[report.name], report)
        elif report.name in inputs:
            if inputs[report.name] is not None:
                chosen[report.name] = _settled(inputs[report.name], report)
        elif add and report.use and report.name not in aside:
            chosen[report.name] = {"kind": report.kind}
    values["inputs"], values["targets"] = chosen, targets
    return reports


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
    if not isinstance(named, Mapping):
        named = {name: {} for name in named}
    for name in named:
        if name not in table.names:
            raise ConfigError(f"{table.name}: {unknown(f'{what} column', name, table.names)}")
    return {
        name: {"kind": spec} if isinstance(spec, str) else dict(spec) if spec is not None else None
        for name, spec in named.items()
    }


def _settled(spec: dict[str, Any] | None, report: ColumnReport) -> dict[str, Any]:
    spec = dict(spec or {})
    kind = spec.pop("kind", report.kind)
    if not kind:
        raise ConfigError(f"Column {report.name!r} cannot be used: {report.why}.")
    return {"kind": kind, **spec}


def leftover_warnings(reports: Iterable[ColumnReport], inputs: Iterable[str]) -> list[str]:
    """Return one sentence per warning about a column in use, or about why one is not."""
    used = set(inputs)
    return [
        f"{report.name}{'' if report.name in used else ' (left out)'}: {warning}"
        for report in reports
        for warning in report.warnings
    ]


def complete_parts(config: RunConfig, schema: Schema) -> RunConfig:
    """Return the config with every part's settings written out.

    Args:
        config: checked.
        schema: fitted, since what the data offer is no setting.

    Raises:
        ConfigError: an encoder for an unknown modality, a head for an unknown task, an unknown part.
    """
    from torso.balancing import Balancer
    from torso.encoders import Encoder
    from torso.fusion import Fusion
    from torso.heads import Head
    from torso.model import Part
    from torso.sharing import Sharing

    for name in config.encoders:
        if name not in schema.modalities:
            raise ConfigError(unknown("modality in `encoders`:", name, schema.modalities))
    for name in config.heads:
        if name not in schema.targets:
            raise ConfigError(unknown("task in `heads`:", name, schema.targets))

    def short(registry: Any, form: str, spec: Any, offered: Sequence[str]) -> dict[str, Any]:
        full = registry.complete(Part(form, spec, {}).full_spec(), given=["dim", *offered])
        return {**full, "type": str(full["type"]).removeprefix(f"{form}/")}

    encoders = {
        name: short(
            Encoder.registry, one.form, config.encoders.get(name, one.encoder), [*one.offered()]
        )
        for name, one in schema.modalities.items()
    }
    heads = {
        name: short(Head.registry, kind.kind, config.heads.get(name, kind.head), [*kind.offered()])
        for name, kind in schema.targets.items()
    }
    return config.model_copy(
        update={
            "encoders": encoders,
            "heads": heads,
            "fusion": Fusion.registry.complete(config.fusion, given=["modalities", "dim"]),
            "sharing": Sharing.registry.complete(config.sharing, given=["tasks", "dim"]),
            "balancing": Balancer.registry.complete(config.balancing, given=["tasks"]),
        }
    )
