"""From a table and a wish to a complete config: kinds are inferred where nobody settled them.

What was chosen is written out in full, defaults included, so that `run.yaml` hides nothing and repeats the
run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torso.config import RunConfig, apply_settings, read_config
from torso.data.inference.report import ColumnReport, infer_target, inspect_table
from torso.data.inputs import InputKind
from torso.data.schema import Schema
from torso.data.tables.table import Table
from torso.data.targets import TargetKind
from torso.errors import ConfigError, TorsoError, unknown
from torso.registry import spec_type

__all__ = ["complete_parts", "infer_columns", "leftover_warnings", "settle_encoders"]


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
    settled = [spec for spec in targets.values() if "kind" in spec]
    kinds = [
        TargetKind.registry.build(
            {
                "type": spec["kind"],
                **{k: v for k, v in spec.items() if k not in ("kind", "column")},
            }
        )
        for spec in settled
    ]
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
        free = kind in TargetKind.registry and TargetKind.registry.find(kind).free
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


def settle_encoders(config: RunConfig) -> RunConfig:
    """Return the config with encoders pinned, and with inputs laid out as their encoders ask for.

    Args:
        config: checked.

    Raises:
        ConfigError: an encoder for an unknown modality, or one whose pretrained model cannot be used.
    """
    from torso.encoders import Encoder
    from torso.model import Part

    schema = Schema(config.inputs, config.targets)
    encoders, inputs = dict(config.encoders), dict(config.inputs)
    for name, spec in config.encoders.items():
        if name not in schema.modalities:
            raise ConfigError(unknown("modality in `encoders`:", name, schema.modalities))
        modality = schema.modalities[name]
        full = Part(modality.form, _encoder(spec, schema, name), {}).full_spec()
        kind, settings = spec_type(full)
        try:
            pinned, asked = Encoder.registry.find(kind).prepare(settings)
        except TorsoError as error:
            raise type(error)(f"`encoders.{name}`: {error}") from error
        encoders[name] = {"type": kind.removeprefix(f"{modality.form}/"), **pinned}
        for column in modality.columns:
            inputs[column] = {**inputs[column], **asked}
    return config.model_copy(update={"encoders": encoders, "inputs": inputs})


def complete_parts(config: RunConfig, schema: Schema, rows: int) -> RunConfig:
    """Return the config with every part's settings written out.

    Args:
        config: checked.
        schema: fitted, since what the data offer is no setting.
        rows: training rows, which the batch size and the averaging of weights go by.

    Raises:
        ConfigError: a head for an unknown task, an unknown part.
    """
    from torso.balancing import Balancer
    from torso.encoders import Encoder
    from torso.fusion import Fusion
    from torso.heads import Head
    from torso.model import Part
    from torso.sharing import Sharing

    for name in config.heads:
        if name not in schema.targets:
            raise ConfigError(unknown("task in `heads`:", name, schema.targets))

    def short(
        registry: Any, form: str, full: Mapping[str, Any], offered: Iterable[str]
    ) -> dict[str, Any]:
        spec = Part(form, full, {}).full_spec()
        known = registry.complete(spec, given=["dim", "token_dim", *offered])
        return {**known, "type": str(known["type"]).removeprefix(f"{form}/")}

    def whole(registry: Any, part: str, *given: str) -> dict[str, Any]:
        said = _said(registry, getattr(config, part))
        default = RunConfig.model_fields[part].default
        return dict(registry.complete({"type": default, **said}, given=given))

    encoders = {
        name: short(
            Encoder.registry,
            one.form,
            _encoder(config.encoders.get(name), schema, name),
            one.offered(),
        )
        for name, one in schema.modalities.items()
    }
    _check_asked(encoders, schema)
    heads = {
        name: short(
            Head.registry,
            kind.kind,
            {"type": kind.head, **_said(Head.registry, config.heads.get(name), kind.kind)},
            kind.offered(),
        )
        for name, kind in schema.targets.items()
    }
    return config.model_copy(
        update={
            "inputs": _described_in_full(InputKind.registry, config.inputs),
            "targets": _described_in_full(TargetKind.registry, config.targets),
            "encoders": encoders,
            "heads": heads,
            "fusion": whole(Fusion.registry, "fusion", "modalities", "dim"),
            "sharing": whole(Sharing.registry, "sharing", "tasks", "dim"),
            "training": config.training.model_copy(
                update={
                    "batch_size": config.training.batch_size or _batch_size(rows),
                    "average": _average(rows, schema)
                    if config.training.average is None
                    else config.training.average,
                }
            ),
            "balancing": whole(Balancer.registry, "balancing", "tasks"),
        }
    )


def _check_asked(encoders: Mapping[str, Mapping[str, Any]], schema: Schema) -> None:
    """Refuse an encoder that lacks a setting which a target asks for."""
    for task, kind in schema.targets.items():
        for modality, wish in kind.encoders().items():
            if isinstance(wish, str) or "type" in wish:
                continue
            for key, value in wish.items():
                if encoders[modality].get(key) != value:
                    raise ConfigError(
                        f"`encoders.{modality}.{key}` should be {value!r}, as the {kind.kind} target {task!r} asks. Found "
                        f"{encoders[modality].get(key)!r}."
                    )


def _encoder(spec: Any, schema: Schema, modality: str) -> dict[str, Any]:
    """Return the spec of a modality's encoder, with what `spec` leaves open."""
    from torso.encoders import Encoder

    form = schema.modalities[modality].form
    said = _said(Encoder.registry, spec, form)
    kind = said.get("type")
    short = kind.removeprefix(f"{form}/") if isinstance(kind, str) else None
    return {**schema.encoder(modality, short), **said}


def _said(registry: Any, spec: Any, form: str = "") -> dict[str, Any]:
    """Return what a config says of a part, as a mapping; `type` may be left open.

    `gated` is `{type: gated}`, and `{gated: {hidden: 64}}` is `{type: gated, hidden: 64}`.
    """
    if spec is None:
        return {}
    if not isinstance(spec, Mapping):
        return {"type": spec}
    names = [f"{form}/{key}" if form and "/" not in str(key) else key for key in spec]
    if len(names) == 1 and (names[0] in registry or ":" in str(names[0])):
        name, settings = spec_type(spec)
        return {"type": name, **settings}
    return dict(spec)


def _described_in_full(
    registry: Any, columns: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    full = {}
    for name, spec in columns.items():
        ours = {key: spec[key] for key in ("modality", "column") if key in spec}
        settings = {k: value for k, value in spec.items() if k not in ("kind", *ours)}
        known = registry.complete({"type": spec["kind"], **settings})
        full[name] = {"kind": known.pop("type"), **ours, **known}
    return full


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _copied(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }


def _batch_size(rows: int) -> int:
    """Return 64, or 128 to 256 for large tables: 200 steps an epoch until then."""
    return next((size for size in (64, 128) if rows < 200 * size), 256)


def _average(rows: int, schema: Schema) -> float:
    """Return the decay of the running mean of weights: about 20 steps on few rows of numbers and categories, else none."""
    scalars = {one.form for one in schema.modalities.values()} <= {"numbers", "categories"}
    return 0.95 if scalars and rows < 1000 else 0.0
