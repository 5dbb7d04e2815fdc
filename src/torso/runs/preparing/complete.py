"""A config's parts written out in full, defaults included, so that `run.yaml` repeats the run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torso.balancing import Balancer
from torso.columns.inputs import Input
from torso.core.errors import ConfigError, within
from torso.core.spec import Settings, Spec
from torso.encoders import Encoder
from torso.fusion import Fusion
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import ABOUT_COLUMN, RunConfig
from torso.runs.settings.figures import check_figures
from torso.runs.settings.paths import no_reader
from torso.runs.settings.rooms import PartRegistry
from torso.sharing import Sharing
from torso.tasks import Head, Target
from torso.training.config import TrainingConfig
from torso.training.stepping import completed

__all__ = ["complete_parts", "head_spec", "settle_encoders", "takes_pretrained", "why_no_folds"]

_FOLDS = 5
"""Networks of a run that trains several, each holding out another fold."""
_REPEATS_OF_BEST = 2
"""Times that `quality: best` draws the folds."""
_FEW_ROWS, _FEW_ROWS_OF_MEDIA = 3000, 600
"""Training rows up to which a run trains a network per fold by default."""
_ROWS_OF_MEMBERS = 2000
"""Training rows up to which members are the default; more were not measured."""
_FORMS_OF_MEMBERS = ("categories", "names", "sets", "text")
"""Forms of which a table has one where members are the default."""


def settle_encoders(
    config: RunConfig, rows: int, laid_out: Mapping[str, Settings] | None = None
) -> RunConfig:
    """Return the config with encoders that suit the rows, all pinned, and with inputs laid out as they ask for.

    Args:
        config: checked.
        rows: training rows.
        laid_out: the inputs of a preparation that is used again; None for none.

    Raises:
        ConfigError: an encoder for an unknown modality, or one whose pretrained model cannot be used.
    """
    schema = Schema(config.inputs, config.targets)
    for name in config.encoders:
        if name not in schema.modalities:
            raise no_reader("encoders", name, schema.modalities)
    config = _suited(config, schema, rows, laid_out or {})
    encoders, inputs = dict(config.encoders), dict(config.inputs)
    for name in config.encoders:
        modality = schema.modalities[name]
        spec = _encoder(config, schema, name)
        with within(f"encoders.{name}"):
            pinned, asked = Encoder.registry.find(spec.name).pin(spec.settings)
        encoders[name] = Spec(spec.name, pinned).as_dict(modality.form)
        for column in modality.columns:
            inputs[column] = {**inputs[column], **asked}
    return config.model_copy(update={"encoders": encoders, "inputs": inputs})


def _suited(
    config: RunConfig, schema: Schema, rows: int, laid_out: Mapping[str, Settings]
) -> RunConfig:
    """Return the config with encoders that suit so many rows, where neither user nor target names one."""
    encoders, inputs = dict(config.encoders), dict(config.inputs)
    for name, modality in schema.modalities.items():
        suited = next(iter(modality.columns.values())).suited(rows)
        asked = any(
            name in kind.encoders() or kind.along == name for kind in schema.targets.values()
        )
        if name not in encoders and not asked:
            encoders[name] = suited.encoder
            open_settings = dict.fromkeys(modality.columns, suited.settings)
        else:  # columns that are laid out already stay as they are
            open_settings = {
                column: {key: own[key] for key in suited.settings if key in own}
                for column in modality.columns
                if (own := laid_out.get(column)) is not None
            }
        for column, settings in open_settings.items():
            inputs[column] = {**settings, **inputs[column]}
    return config.model_copy(update={"encoders": encoders, "inputs": inputs})


def head_spec(config: RunConfig, task: str, kind: Target) -> Spec:
    """Return the spec of a task's head: the settings of the config over those of the kind's usual head."""
    said = Head.registry.parse(config.heads.get(task), kind.kind)
    return said.over(Spec.parse(kind.head, form=kind.kind))


def complete_parts(config: RunConfig, schema: Schema, rows: int) -> RunConfig:
    """Return the config with every part's settings written out.

    Args:
        config: checked.
        schema: fitted, since what the data offer is no setting.
        rows: training rows, which the batch size and the running mean of weights go by.

    Raises:
        ConfigError: a head for an unknown task, an unknown part.
    """
    check_figures(config.training.monitor, schema.metric_names(), measured=False)
    for name in config.heads:
        if name not in schema.targets:
            raise no_reader("heads", name, schema.targets)
        _refuse_facts(name, config.heads[name], schema.targets[name])
    encoders = {
        name: _written_out(
            Encoder.registry, _encoder(config, schema, name), modality.offered(), modality.form
        )
        for name, modality in schema.modalities.items()
    }
    _check_asked(encoders, schema)
    heads = {
        name: _written_out(
            Head.registry,
            head_spec(config, name, kind),
            kind.offered(),
            kind.kind,
        )
        for name, kind in schema.targets.items()
    }
    return config.model_copy(
        update={
            "inputs": _described_in_full(Input.registry, "inputs", config.inputs),
            "targets": _targets(config, schema),
            "encoders": encoders,
            "heads": heads,
            "fusion": _whole(Fusion.registry, config, "fusion", ["modalities"]),
            "sharing": _whole(
                Sharing.registry, _shared(config, schema, rows), "sharing", ["tasks"]
            ),
            "training": _training(config, schema, rows),
            "balancing": _whole(Balancer.registry, config, "balancing", ["tasks"]),
            "folds": (folds := _folds(config, schema, rows)),
            "repeats": (config.repeats or _repeats(config)) if folds else 1,
            "plain": config.plain.model_copy(
                update={"repeats": config.plain.repeats or _repeats(config)}
            ),
            "blend": _blend(config),
            "pretrained": "auto" if takes_pretrained(config) else "off",
            "sizes": bool(schema.sizes) if config.sizes is None else config.sizes,
        }
    )


def _targets(config: RunConfig, schema: Schema) -> dict[str, dict[str, object]]:
    """Return the targets in full, with the settings that were chosen as they were fitted."""
    full = _described_in_full(Target.registry, "targets", config.targets)
    return {name: {**full[name], **schema.targets[name].chosen()} for name in full}


def takes_pretrained(config: RunConfig) -> bool:
    """Return whether a run may take pretrained encoders that nobody named: as asked, never in a fast run."""
    open_ = "pretrained" not in config.model_fields_set
    return config.pretrained == "auto" and not (open_ and config.quality == "fast")


def _blend(config: RunConfig) -> str:
    """Return how plain models take part: as asked, not at all in a fast run, else the default."""
    open_ = "blend" not in config.model_fields_set
    return "off" if open_ and config.quality == "fast" else config.blend


def _folds(config: RunConfig, schema: Schema, rows: int) -> int:
    """Return the number of networks: as asked, or by `quality`, or several where a network is trained in seconds.

    Raises:
        ConfigError: several, although a head's answers have no mean, or although the table says who validates.
    """
    why = why_no_folds(config, schema)
    if config.folds and why is not None:
        raise ConfigError(
            f"`folds` should be 0 or at least 2; 0 here, where {why}. Found {config.folds}."
        )
    if config.folds == 1:
        raise ConfigError(
            "`folds` should be 0, or 2 or more: every row should be held out once. Found 1."
        )
    if config.folds is not None:
        return config.folds
    if why is not None or config.quality == "fast":
        return 0
    media = any(kind.in_files for kind in schema.inputs.values())
    few = rows <= (_FEW_ROWS_OF_MEDIA if media else _FEW_ROWS)
    return _FOLDS if few or config.quality == "best" else 0


def _repeats(config: RunConfig) -> int:
    return _REPEATS_OF_BEST if config.quality == "best" else 1


def why_no_folds(config: RunConfig, schema: Schema) -> str | None:
    """Return why a run cannot have several networks, after `where`; None if it can."""
    alone = [task for task in schema.targets if _head(config, schema, task).statement is None]
    if alone:
        return f"the answers to {alone} have no mean"
    if config.data.split.column is not None or config.data.validation is not None:
        return "the rows for validation are named (`data.validation`, `data.split.column`)"
    return None


def _shared(config: RunConfig, schema: Schema, rows: int) -> RunConfig:
    """Return the config with members as its sharing, where none is said and rows are few and quickly learnt.

    Numbers alone were learnt worse by members on one of five tables (docs/small_tables.md), so they keep one body.
    """
    few = rows <= _ROWS_OF_MEMBERS and config.quality != "fast"
    words = any(kind.form in _FORMS_OF_MEMBERS for kind in schema.inputs.values())
    open_ = "sharing" not in config.model_fields_set
    if not (open_ and few and words and _quick(config, schema)):
        return config
    return config.model_copy(update={"sharing": "members"})


def _head(config: RunConfig, schema: Schema, task: str) -> type[Head]:
    kind = schema.targets[task]
    said = Head.registry.parse(config.heads.get(task), kind.kind)
    return Head.registry.find(said.over(Spec.parse(kind.head, form=kind.kind)).name)


def _encoder(config: RunConfig, schema: Schema, modality: str) -> Spec:
    """Return the complete spec of a modality's encoder, defaults included."""
    form = schema.modalities[modality].form
    return schema.encoder(modality, Encoder.registry.parse(config.encoders.get(modality), form))


def _whole(
    registry: PartRegistry, config: RunConfig, part: str, given: Collection[str]
) -> dict[str, object]:
    """Return a part of which a run has one, with every setting."""
    default = Spec.parse(RunConfig.model_fields[part].default)
    spec = registry.parse(getattr(config, part)).over(default)
    return _written_out(registry, spec, given)


def _written_out(
    registry: PartRegistry, spec: Spec, given: Collection[str], form: str = ""
) -> dict[str, object]:
    """Return a spec as YAML, with every setting that the surroundings do not give."""
    return registry.complete(spec, given=["dim", "token_dim", *given]).as_dict(form)


def _refuse_facts(task: str, spec: object, kind: Target) -> None:
    """Refuse settings that follow from the data, such as the number of classes."""
    for key, value in spec.items() if isinstance(spec, Mapping) else ():
        if key in ("dim", "token_dim") or key in kind.offered():
            raise ConfigError(
                f"`heads.{task}.{key}` should be left out, since it follows from the data. Found {value!r}."
            )


def _check_asked(encoders: Mapping[str, Settings], schema: Schema) -> None:
    """Refuse an encoder that lacks a setting which a target asks for."""
    for task, kind in schema.targets.items():
        for modality, wish in kind.encoders().items():
            asked = Spec.parse(wish, form=schema.modalities[modality].form)
            for key, value in () if asked.name else asked.settings.items():
                if encoders[modality].get(key) != value:
                    raise ConfigError(
                        f"`encoders.{modality}.{key}` should be {value!r}, as the {kind.kind} target {task!r} asks. Found "
                        f"{encoders[modality].get(key)!r}."
                    )


def _described_in_full(
    registry: PartRegistry, section: str, columns: Mapping[str, Settings]
) -> dict[str, dict[str, object]]:
    full = {}
    for name, described in columns.items():
        ours = {key: described[key] for key in ABOUT_COLUMN[section] if key in described}
        settings = {key: value for key, value in described.items() if key not in ("kind", *ours)}
        spec = registry.complete(Spec(described["kind"], settings))
        full[name] = {"kind": spec.name, **ours, **spec.settings}
    return full


def _batch_size(rows: int) -> int:
    """Return 64, or 128 to 256 for large tables: 200 steps an epoch until then."""
    return next((size for size in (64, 128) if rows < 200 * size), 256)


def _training(config: RunConfig, schema: Schema, rows: int) -> TrainingConfig:
    """Return the complete settings of a training: those said, and defaults for its open ones."""
    said = completed(config.training)
    batch = said.batch_size or _batch_size(rows)
    left_open = {
        "batch_size": batch,
        "modality_dropout": _modality_dropout(schema),
        "average": _average(rows / batch, quick=_quick(config, schema)),
    }
    return said.model_copy(
        update={key: value for key, value in left_open.items() if getattr(said, key) is None}
    )


def _plain(schema: Schema) -> bool:
    """Return whether all inputs are quickly learnt, whichever encoder reads them."""
    return all(kind.quickly_learnt for kind in schema.inputs.values())


def _quick(config: RunConfig, schema: Schema) -> bool:
    """Return whether all inputs are quickly learnt, some perhaps for their encoder's sake."""
    return all(
        all(kind.quickly_learnt for kind in modality.columns.values())
        or Encoder.registry.find(_encoder(config, schema, name).name).quickly_learnt
        for name, modality in schema.modalities.items()
    )


def _modality_dropout(schema: Schema) -> float:
    """Return the share of modalities to hide: a head soon leans on one of several that are quickly learnt."""
    hidden = len(schema.modalities) > 1 and _plain(schema) and not schema.restored
    return 0.25 if hidden else 0.0


def _average(steps: float, *, quick: bool) -> float:
    """Return the decay of the running mean of weights: over about an epoch's `steps`, 20 at least and 100 at most."""
    return round(1 - 1 / min(max(steps, 20.0), 100.0), 3) if quick else 0.0
