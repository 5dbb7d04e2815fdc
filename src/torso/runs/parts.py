"""A config's parts written out in full, defaults included, so that `run.yaml` hides nothing and repeats the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torso.runs.config import RunConfig
from torso.training.config import TrainingConfig
from torso.columns.inputs import Input
from torso.runs.schema import Schema
from torso.tasks.targets import TargetKind
from torso.core.errors import ConfigError, unknown, within
from torso.core.registry import spec_type

__all__ = ["complete_parts", "settle_encoders"]


def settle_encoders(config: RunConfig) -> RunConfig:
    """Return the config with encoders pinned, and with inputs laid out as their encoders ask for.

    Args:
        config: checked.

    Raises:
        ConfigError: an encoder for an unknown modality, or one whose pretrained model cannot be used.
    """
    from torso.encoders import Encoder
    from torso.model.model import Part

    schema = Schema(config.inputs, config.targets)
    encoders, inputs = dict(config.encoders), dict(config.inputs)
    for name, spec in config.encoders.items():
        if name not in schema.modalities:
            raise ConfigError(unknown("modality in `encoders`:", name, schema.modalities))
        modality = schema.modalities[name]
        full = Part(modality.form, _encoder(spec, schema, name), {}).full_spec()
        kind, settings = spec_type(full)
        with within(f"encoders.{name}"):
            pinned, asked = Encoder.registry.find(kind).pin(settings)
        encoders[name] = {"type": kind.removeprefix(f"{modality.form}/"), **pinned}
        for column in modality.columns:
            inputs[column] = {**inputs[column], **asked}
    return config.model_copy(update={"encoders": encoders, "inputs": inputs})


def complete_parts(config: RunConfig, schema: Schema, rows: int) -> RunConfig:
    """Return the config with every part's settings written out.

    Args:
        config: checked.
        schema: fitted, since what the data offer is no setting.
        rows: training rows, which the batch size and the running mean of weights go by.

    Raises:
        ConfigError: a head for an unknown task, an unknown part.
    """
    from torso.balancing import Balancer
    from torso.encoders import Encoder
    from torso.fusion import Fusion
    from torso.tasks.heads import Head
    from torso.model.model import Part
    from torso.sharing import Sharing

    for name in config.heads:
        if name not in schema.targets:
            raise ConfigError(unknown("task in `heads`:", name, schema.targets))
        _refuse_facts(name, config.heads[name], schema.targets[name])

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
            "inputs": _described_in_full(Input.registry, config.inputs),
            "targets": _described_in_full(TargetKind.registry, config.targets),
            "encoders": encoders,
            "heads": heads,
            "fusion": whole(Fusion.registry, "fusion", "modalities", "dim"),
            "sharing": whole(Sharing.registry, "sharing", "tasks", "dim"),
            "training": _training(config.training, schema, rows),
            "balancing": whole(Balancer.registry, "balancing", "tasks"),
        }
    )


def _refuse_facts(task: str, spec: Any, kind: TargetKind) -> None:
    """Refuse to be told what the data say, such as the number of classes."""
    for key in spec if isinstance(spec, Mapping) else ():
        if key in ("dim", "token_dim") or key in kind.offered():
            raise ConfigError(
                f"`heads.{task}.{key}` should be left out, since it follows from the data. Found {spec[key]!r}."
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

    `gated` is `{type: gated}`, and `{gated: {hidden: 64}}` is `{type: gated, hidden: 64}`; so is
    `{gated: {}, hidden: 64}`, as a setting leaves it that changes such a part.
    """
    if spec is None:
        return {}
    if not isinstance(spec, Mapping):
        return {"type": spec}
    names = {key: f"{form}/{key}" if form and "/" not in str(key) else str(key) for key in spec}
    parts = [key for key, name in names.items() if name in registry or ":" in name]
    if (
        len(parts) == 1
        and "type" not in spec
        and (len(spec) == 1 or isinstance(spec[parts[0]], Mapping))
    ):
        name, settings = spec_type({parts[0]: spec[parts[0]]})
        return {"type": name, **settings, **{k: v for k, v in spec.items() if k != parts[0]}}
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


def _batch_size(rows: int) -> int:
    """Return 64, or 128 to 256 for large tables: 200 steps an epoch until then."""
    return next((size for size in (64, 128) if rows < 200 * size), 256)


def _training(said: TrainingConfig, schema: Schema, rows: int) -> TrainingConfig:
    """Return how to train, with what `said` leaves open."""
    batch = said.batch_size or _batch_size(rows)
    left_open = {
        "batch_size": batch,
        "modality_dropout": _modality_dropout(schema),
        "average": _average(rows / batch, schema),
    }
    return said.model_copy(
        update={key: value for key, value in left_open.items() if getattr(said, key) is None}
    )


_QUICK = {"numbers", "categories", "vector", "sequence"}
"""Forms whose encoders are learnt in a few epochs; those of pictures, sounds and texts need longer, or are given."""


def _quick(schema: Schema) -> bool:
    return {one.form for one in schema.modalities.values()} <= _QUICK


def _modality_dropout(schema: Schema) -> float:
    """Return the share of modalities to hide: a head soon leans on one of several that are quickly learnt."""
    hidden = len(schema.modalities) > 1 and _quick(schema) and not schema.restored
    return 0.25 if hidden else 0.0


def _average(steps: float, schema: Schema) -> float:
    """Return the decay of the running mean of weights: over about an epoch's `steps`, 20 at least and 100 at most."""
    return round(1 - 1 / min(max(steps, 20.0), 100.0), 3) if _quick(schema) else 0.0
