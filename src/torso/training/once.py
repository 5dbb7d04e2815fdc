"""Frozen encoders run once: what they make of each row is kept in the cache, and training starts from there.

The key of an entry is the content of the row's features, under the encoder's revision and settings. So other
fusions, balancers, heads and seeds find it again, and rows with equal features share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torso.data.cache.store import FeatureStore, content_digest
from torso.data.loader import features_of
from torso.data.reading import StoredSource
from torso.data.schema import Dataset
from torso.data.sources import Source
from torso.encoders import Encoder
from torso.model import Model
from torso.training.devices import autocast
from torso.types import Features, Tokens

__all__ = ["EncodedSource", "run_frozen_once"]

_ROWS = 64
_HASHED = 1024  # rows at a time

Forward = Callable[[Features], Tokens]


class EncodedSource(StoredSource):
    """Tokens of a frozen encoder that lie in the cache, `[batch, length, width]`."""

    encoded = True


def run_frozen_once(
    model: Model,
    dataset: Dataset,
    cache: Path,
    *,
    precision: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> Dataset:
    """Return the dataset with the features of frozen encoders replaced by what their frozen part makes of them.

    Args:
        model: on its device; all its trunks encode a modality alike.
        dataset: a table laid out.
        cache: root of the feature cache.
        precision: of the forward pass, as in training.
        progress: called with `(modality, done, total)`; the total is that of rows to be run.

    Raises:
        DataError: the disk is full or may not be written.
    """
    device = next(model.parameters()).device

    def forward(encoder: Encoder, features: Features) -> Tokens:
        with torch.inference_mode(), autocast(device, precision):
            return encoder.begin(features.to(device))

    _, trunk = next(model.trunks.pairs())
    with autocast(device, precision):
        computed = str(torch.get_autocast_dtype(device.type)) if _mixed(device) else "float32"
    sources = dict(dataset.sources)
    for name, encoder in trunk.encoders.pairs():
        settings = encoder.frozen()
        if settings is not None:
            was = encoder.training
            encoder.eval()
            sources[name] = _encoded(
                sources[name],
                {**settings, "computed": computed},
                cache,
                lambda features, encoder=encoder: forward(encoder, features),  # type: ignore[misc]
                lambda done, total, name=name: progress and progress(name, done, total),  # type: ignore[misc]
            )
            encoder.train(was)
    return replace(dataset, sources=sources)


def _mixed(device: torch.device) -> bool:
    return torch.is_autocast_enabled(device.type)


def _encoded(
    source: Source,
    settings: Mapping[str, Any],
    cache: Path,
    forward: Forward,
    progress: Callable[[int, int], object],
) -> EncodedSource:
    rows = np.flatnonzero(source.present())
    digests, lengths = _contents(source, rows)
    with FeatureStore(cache, settings, settings["once"], (settings["width"],)) as store:
        known = store.positions(digests) >= 0
        _, first = np.unique(digests[~known], return_index=True, axis=0)
        new = np.flatnonzero(~known)[first]
        new = new[np.argsort(lengths[new], kind="stable")]  # rows of like length share a batch
        for start in range(0, len(new), _ROWS):
            some = new[start : start + _ROWS]
            tokens = forward(features_of(source, rows[some]))
            for digest, values, mask in zip(
                digests[some], tokens.values.float().cpu(), tokens.mask.cpu(), strict=True
            ):
                store.add(digest.tobytes(), values[mask].numpy().astype(store.dtype))
            progress(start + len(some), len(new))
        items = np.full(len(source), -1, dtype=np.int64)
        items[rows] = store.positions(digests)
    return EncodedSource(store, items, None)


def _contents(source: Source, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a digest of each row's features, uint8 `[rows, 16]`, and its number of steps."""
    digests, lengths = [], []
    for start in range(0, len(rows), _HASHED):
        values, mask = source.batch(rows[start : start + _HASHED])
        for value, present in zip(values, mask, strict=True):
            whole = value if present.ndim == 0 else value[present]
            digests.append(content_digest(str(whole.shape).encode() + whole.tobytes()))
            lengths.append(int(present.sum()))
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 16), np.array(lengths, np.int64)
