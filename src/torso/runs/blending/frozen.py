"""Tokens of frozen encoders for the plain models, which are fitted before any network or beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from torso.columns.dataset import Dataset
from torso.encoders import Encoder
from torso.runs.preparing.prepared import Prepared, Rows
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.training import Listener, choose_device, encoded_once
from torso.training.frozen_features import Told

__all__ = ["frozen_encoder", "with_tokens"]


def with_tokens(
    prepared: Prepared, config: RunConfig, names: Sequence[str], listener: Listener | None = None
) -> list[Rows]:
    """Return parts of the rows as plain models read them: with the tokens of frozen encoders.

    They come from the cache where a network has run the encoder. An encoder that shows augmented views is left out,
    since plain models see each row once.

    Args:
        prepared: the rows.
        config: complete.
        names: of the parts.
        listener: is told of progress.
    """
    listener = listener or Listener()
    parts = [prepared.parts[name] for name in names]
    encoders = _frozen_encoders(config, prepared.schema)
    if not encoders:
        return parts
    device = choose_device(config.training.device)
    read: dict[int, Dataset] = {}  # parts of one table share it
    for dataset in (part.dataset for part in parts):
        if id(dataset) in read:
            continue
        sources = dict(dataset.sources)
        for name, encoder in encoders.items():
            sources[name] = encoded_once(
                encoder.to(device),
                dataset.sources[name],
                prepared.cache,
                precision=config.training.precision,
                told=Told(name, listener),
            )
        read[id(dataset)] = replace(dataset, sources=sources)
    return [replace(part, dataset=read[id(part.dataset)]) for part in parts]


def frozen_encoder(config: RunConfig, schema: Schema, name: str) -> Encoder | None:
    """Return the encoder of a modality if it has a frozen part, in evaluation mode; None if it has none.

    Args:
        config: settled.
        schema: of it; the input need not be fitted.
        name: of the modality.
    """
    modality = schema.modalities[name]
    spec = Encoder.registry.parse(config.encoders.get(name), modality.form)
    spec = schema.encoder(name, spec)
    kind = Encoder.registry.find(spec.name)
    if kind.frozen_backbone is Encoder.frozen_backbone:
        return None
    with torch.random.fork_rng(devices=[]):
        encoder = Encoder.build(spec, dim=config.dim, **modality.offered())
    return encoder.eval()


def _frozen_encoders(config: RunConfig, schema: Schema) -> Mapping[str, Encoder]:
    encoders = {}
    for name in schema.modalities:
        encoder = frozen_encoder(config, schema, name)
        frozen = None if encoder is None else encoder.frozen_backbone()
        if encoder is not None and frozen is not None and not frozen.views:
            encoders[name] = encoder
    return encoders
