"""The untrained model of a run and its balancer, from the config and the schema."""

from __future__ import annotations

import torch

from torso.balancing import Balancer
from torso.model import Model, PartSpec
from torso.model.ensemble import Ensemble
from torso.runs.folder.folder import RunFolder
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.training import choose_device

__all__ = ["build_balancer", "build_model", "check_parts", "trained_model"]


def build_model(config: RunConfig, schema: Schema) -> Model:
    """Return the untrained model that a config describes, for a fitted schema."""
    return Model.build(
        {
            name: PartSpec(
                modality.form,
                config.encoders.get(name, schema.encoder(name)),
                modality.offered(),
                modality.sizes if config.sizes else 0,
            )
            for name, modality in schema.modalities.items()
        },
        {
            name: PartSpec(kind.kind, config.heads.get(name, kind.head), kind.offered())
            for name, kind in schema.targets.items()
        },
        dim=config.dim,
        fusion=config.fusion,
        sharing=config.sharing,
        modality_dropout=config.training.modality_dropout or 0.0,
        missing=config.missing,
        modality_heads=config.modality_heads,
        restored=schema.restored if config.training.modality_dropout else None,
    )


def trained_model(files: RunFolder, config: RunConfig, schema: Schema) -> Model:
    """Return the trained model of a run's folder, on the CPU.

    Args:
        files: of the run.
        config: in it.
        schema: in it.

    Raises:
        RunError: the folder is damaged.
    """
    with torch.random.fork_rng(devices=[]):
        networks = [build_model(config, schema) for _ in range(files.report().training.networks)]
    model = networks[0] if len(networks) == 1 else Ensemble(networks)
    files.load_weights(model)
    return model


def build_balancer(config: RunConfig, model: Model) -> Balancer:
    """Return the balancer that a config describes, for the losses of a model."""
    return Balancer.registry.build(
        config.balancing,
        tasks=model.loss_names,
        unimodal={name: task for name, (task, _) in model.unimodal.items()},
        modality_of={name: modality for name, (_, modality) in model.unimodal.items()},
    )


def check_parts(config: RunConfig, schema: Schema) -> None:
    """Build the model and the balancer once and drop them, so that bad settings fail before files are decoded.

    Raises:
        ConfigError: a part refuses its settings, or there is no such device.
    """
    choose_device(config.training.device)
    with torch.random.fork_rng(devices=[]):
        build_balancer(config, build_model(config, schema))
