"""The untrained model of a run, from its config and its schema."""

from __future__ import annotations

from torso.model import Model, PartSpec
from torso.runs.config import RunConfig
from torso.runs.schema import Schema

__all__ = ["build_model"]


def build_model(config: RunConfig, schema: Schema) -> Model:
    """Return the untrained model that a config describes, for a fitted schema."""
    return Model.build(
        {
            name: PartSpec(one.form, config.encoders.get(name, schema.encoder(name)), one.offered())
            for name, one in schema.modalities.items()
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
