"""Every name and every setting of a config, checked before a row is read.

What hangs on the table stays open: kinds that are yet to be inferred, modalities, classes. The same check runs
again once they are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torso.core.errors import ConfigError, unknown, within
from torso.core.registry import refusal
from torso.core.setting_types import accepts, choices
from torso.core.spec import Settings, Spec, words
from torso.runs.settings.config import ABOUT_COLUMN, RunConfig
from torso.runs.settings.described import Described, described
from torso.runs.settings.figures import check_figures
from torso.runs.settings.paths import no_reader
from torso.runs.settings.rooms import (
    ROOMS,
    ROOMS_OF_TRAINING,
    PartRegistry,
    registry_of,
    schema_of,
)
from torso.tasks import metrics_of, own_metrics
from torso.training.config import TrainingConfig

__all__ = ["check_values", "names_code"]


def check_values(values: Settings, *, trial: bool = True) -> RunConfig:
    """Return the checked config, without its inputs and targets, which may still lack kinds.

    Args:
        values: raw, as `gather_values` returns them.
        trial: whether fusion, sharing and balancing are built, for what only their constructors refuse. Without, torch
            is not imported.

    Raises:
        ConfigError: an unknown key, part or setting, or a value that breaks a rule; with its path and the cure.
    """
    config = RunConfig.parse({**values, "inputs": {}, "targets": {}})
    inputs = described(values.get("inputs"), "inputs")
    targets = described(values.get("targets"), "targets")
    _check_kinds("inputs", inputs)
    _check_kinds("targets", targets)
    check_figures(config.training.monitor, _metrics(targets), measured=False)
    tasks = [name for name, spec in targets.items() if spec is not None]
    _check_bodies(config, values.keys(), tasks if trial else [])
    _check_training(config.training, trial=trial)
    for modality, value in config.encoders.items():
        _check_formed("encoders", modality, value, _forms(modality, inputs))
    for task, value in config.heads.items():
        if tasks and task not in tasks:
            raise no_reader("heads", task, tasks)
        kinds = registry_of("targets")
        kind = (targets.get(task) or {}).get("kind")
        _check_formed("heads", task, value, [kinds.find(kind).kind] if kind else list(kinds))
    return config


def _metrics(targets: Described) -> dict[str, list[str]]:
    """Return task -> the metrics of its kind and the user's own; none where the kind is yet to be inferred.

    Raises:
        ConfigError: one of the user's own cannot be imported, or is no function.
    """
    known: dict[str, list[str]] = {}
    for task, spec in targets.items():
        named = (spec or {}).get("kind")
        kind = registry_of("targets").find(named).kind if named else ""
        own = own_metrics((spec or {}).get("metrics"), task, kind)
        for metric in own:
            if metric.why:
                raise ConfigError(f"`targets.{task}.metrics`: {metric.why}")
        known[task] = [*metrics_of(kind), *(metric.name for metric in own)] if kind else []
    return known


def names_code(config: RunConfig) -> bool:
    """Return whether a config names a part by an import path, so that its file has to be trusted."""
    columns = (*config.inputs.values(), *config.targets.values())
    kinds = [spec.get(key) for spec in columns for key in ("kind", "metrics")]
    parts = [kinds, *(getattr(config, room) for room in ROOMS if room not in ("inputs", "targets"))]
    parts += [getattr(config.training, room) for room in ROOMS_OF_TRAINING]
    return any(":" in word for word in words(parts))


def _check_kinds(section: str, columns: Described) -> None:
    """Check each column's kind and settings; if the kind is open, some kind must take the settings."""
    for name, spec in columns.items():
        if not spec:
            continue
        registry = registry_of(section)
        settings = {key: spec[key] for key in spec if key not in ("kind", *ABOUT_COLUMN[section])}
        path = f"{section}.{name}"
        if "kind" not in spec:
            _check_some(registry, list(registry), settings, path)
            continue
        _check(registry, Spec(spec["kind"], settings), path)
        with within(path):
            registry.build(Spec(spec["kind"], settings))


def _check_bodies(config: RunConfig, said: Iterable[str], tasks: Sequence[str]) -> None:
    """Check fusion, sharing and balancing, and build them for the tasks, if any; defaults are right."""
    one_pass = {"dim": config.dim, "modalities": ("one", "other")}
    losses: list[str] = list(tasks)
    offered: dict[str, dict[str, object]] = {
        "fusion": one_pass,
        "sharing": {"dim": config.dim, "tasks": list(tasks)},
        "balancing": {"tasks": losses, "unimodal": {}, "modality_of": {}},
    }
    if config.modality_heads:
        alone = {f"{task} from one": task for task in tasks}
        of = dict.fromkeys(alone, "one")
        offered["balancing"] = {"tasks": [*losses, *alone], "unimodal": alone, "modality_of": of}
    for part in [part for part in offered if part in set(said)]:
        value = getattr(config, part)
        registry = registry_of(part) if tasks else schema_of(part, value)
        default = Spec.parse(RunConfig.model_fields[part].default)
        with within(part):
            spec = registry.parse(value).over(default)
        _check(registry, spec, part)
        _check_required(registry, [spec.name], spec, part)
        known = part == "sharing" or (part == "balancing" and not config.modality_heads)
        if tasks and ":" not in spec.name and (known or _names_nothing(registry, spec)):
            _try_to_build(registry, spec, offered[part], part)


def _check_training(config: TrainingConfig, *, trial: bool) -> None:
    """Check optimizer and schedule, and build them for a weight, where they are not the defaults."""
    fields = TrainingConfig.model_fields
    chosen = {room: getattr(config, room) for room in ROOMS_OF_TRAINING}
    for room, value in chosen.items():
        registry, path = schema_of(room, value), f"training.{room}"
        with within(path):
            spec = registry.parse(value).over(Spec.parse(fields[room].default))
        _check(registry, spec, path)
        _check_required(registry, [spec.name], spec, path)
    if trial and any(value != fields[room].default for room, value in chosen.items()):
        from torso.training.stepping import check_stepping

        check_stepping(config)


def _try_to_build(
    registry: PartRegistry, spec: Spec, offered: Mapping[str, object], path: str
) -> None:
    import torch

    with within(path), torch.random.fork_rng(devices=[]):
        registry.build(spec, **offered)


def _names_nothing(registry: PartRegistry, spec: Spec) -> bool:
    """Return whether no setting may name a modality or a task that is not known yet."""
    known = registry.settings(spec.name)
    return all(
        isinstance(value, int | float | None)
        or value in choices(known[key].type)
        or (registry.nests(known[key]) and _names_nothing(registry, registry.parse(value)))
        for key, value in spec.settings.items()
    )


def _forms(modality: str, inputs: Described) -> list[str]:
    """Return the forms that a modality may have: one, if its kind is known."""
    registry = registry_of("inputs")
    kind = (inputs.get(modality) or {}).get("kind")
    if kind and not registry.find(kind).modality:
        return [registry.find(kind).form]
    parts = [part for _, part in registry.items()]
    joined = [part for part in parts if part.modality == modality]
    return sorted({part.form for part in joined or parts})


def _check_formed(room: str, name: str, value: object, forms: Sequence[str]) -> None:
    """Check an encoder or a head of one of several forms; it is right if it is so for one of them."""
    registry, path = schema_of(room, value), f"{room}.{name}"
    with within(path):
        specs = [registry.parse(value, form) for form in forms]
    named = [spec for spec in specs if spec.name]
    spec = (named or specs)[0]
    own = [part for part in registry if part.rpartition("/")[0] in forms]
    parts = [spec.name for spec in named if spec.name in registry] if named else own
    if ":" in spec.name:
        _check(registry, spec, path)
    elif parts:
        _check_some(registry, parts, spec.settings, path)
        _check_required(registry, parts, spec, path)
    elif spec.name:
        with within(path):
            raise ConfigError(unknown(registry.room, spec.short(forms[0]), _short(own)))


def _check_required(registry: PartRegistry, parts: Sequence[str], spec: Spec, path: str) -> None:
    """Refuse a named part whose required settings are left out, whichever of `parts` it is."""
    absent = [
        [
            key
            for key, setting in registry.settings(part).items()
            if setting.by_user and setting.required and key not in spec.settings
        ]
        for part in parts
    ]
    if spec.name and all(absent):
        with within(path):
            raise ConfigError(
                f"The {registry.room} {spec.name if len(parts) == 1 else _short(parts)[0]!r} needs the setting `{absent[0][0]}`. Found {dict(spec.settings)}."
            )


def _short(parts: Iterable[str]) -> list[str]:
    return sorted({part.split("/")[-1] for part in parts})


def _check_some(
    registry: PartRegistry, parts: Sequence[str], settings: Settings, path: str
) -> None:
    """Check settings of a part that may be any of several: one of them has to take each."""
    if len(parts) == 1:
        _check(registry, Spec(parts[0], settings), path)
        return
    known = {
        key for part in parts for key, setting in registry.settings(part).items() if setting.by_user
    }
    for key, value in settings.items():
        having = [part for part in parts if key in registry.settings(part)]
        if not having:
            with within(f"{path}.{key}"):
                raise ConfigError(unknown(f"setting of any {registry.room} here:", key, known))
        errors = [_error(registry, Spec(part, {key: value})) for part in having]
        if all(errors):
            setting = registry.settings(having[0])[key]
            with within(f"{path}.{key}"):
                if errors[0] is not None and accepts(setting.type, value):
                    raise errors[0]  # of a part inside the part
                raise ConfigError(refusal(setting, value))


def _error(registry: PartRegistry, spec: Spec) -> ConfigError | None:
    """Return why the registry refuses a part; None if it does not."""
    try:
        registry.check(spec)
    except ConfigError as error:
        return error
    return None


def _check(registry: PartRegistry, spec: Spec, path: str) -> None:
    """Check name and settings; an error begins with the path of the wrong value."""
    with within(path):
        registry.check(Spec(spec.name))
    for key, value in spec.settings.items():
        with within(f"{path}.{key}"):
            registry.check(Spec(spec.name, {key: value}))
