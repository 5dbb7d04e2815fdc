"""Frozen encoders run once: what they make of each row is kept in the cache, and training starts from there.

The key of an entry is the content of the row's features, under the encoder's revision and settings. So other
fusions, balancers, heads and seeds find it again, and rows with equal features share one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from torso.cache.store import FeatureStore, content_digest
from torso.columns.dataset import Dataset
from torso.columns.loader import features_of
from torso.columns.sources import Source, StoredSource, TurningSource
from torso.core.types import Features, Tokens
from torso.encoders import Encoder, FrozenBackbone
from torso.model.model import Model
from torso.training.devices import autocast

__all__ = ["EncodedSource", "run_frozen_once", "shows_views"]

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
    learned: np.ndarray | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Dataset:
    """Return the dataset with the features of frozen encoders replaced by what their frozen part makes of them.

    Args:
        model: on its device; all its trunks encode a modality alike.
        dataset: a table laid out.
        cache: root of the feature cache.
        precision: of the forward pass, as in training.
        learned: the rows that are to be learned from: only these are laid out, in augmented views where an encoder
            has any. None lays out all rows as they are.
        progress: called with `(modality, done, total)`; the total is that of rows to be run.

    Raises:
        DataError: the disk is full or may not be written.
    """
    device = next(model.parameters()).device

    def encoded(name: str, encoder: Encoder, frozen: FrozenBackbone, view: int) -> Source:
        def forward(features: Features) -> Tokens:
            with torch.inference_mode(), autocast(device, precision):
                return encoder.run_backbone(features.to(device), view)

        def told(done: int, total: int) -> None:
            if progress is not None:
                progress(name, done, total)

        key = {**frozen.settings, "computed": computed}
        if view:  # the row itself is the same however it is augmented
            key |= {**frozen.augmentation, "view": view}
        store = partial(FeatureStore, cache, key, frozen.dtype, (frozen.width,))
        return _encoded(dataset.sources[name], learned, store, forward, told)

    _, trunk = next(model.trunks.pairs())
    with autocast(device, precision):
        computed = str(torch.get_autocast_dtype(device.type)) if _mixed(device) else "float32"
    sources = dict(dataset.sources)
    for name, encoder in trunk.encoders.pairs():
        frozen = encoder.frozen_backbone()
        if frozen is not None:
            was = encoder.training
            encoder.eval()
            views = range(1, frozen.views + 1) if learned is not None else ()
            shown = [encoded(name, encoder, frozen, view) for view in views or (0,)]
            sources[name] = TurningSource(shown) if len(shown) > 1 else shown[0]
            encoder.train(was)
    return replace(dataset, sources=sources)


def shows_views(model: Model) -> bool:
    """Whether a frozen encoder of `model` shows training other views of a row than the row itself."""
    _, trunk = next(model.trunks.pairs())
    backbones = [encoder.frozen_backbone() for _, encoder in trunk.encoders.pairs()]
    return any(frozen is not None and frozen.views for frozen in backbones)


def _mixed(device: torch.device) -> bool:
    return torch.is_autocast_enabled(device.type)


def _encoded(
    source: Source,
    wanted: np.ndarray | None,
    open_store: Callable[[], FeatureStore],
    forward: Forward,
    progress: Callable[[int, int], object],
) -> EncodedSource:
    rows = np.flatnonzero(source.present())
    rows = rows if wanted is None else np.intersect1d(rows, wanted)
    first, back = _distinct(source, rows)
    digests, lengths = (each[back] for each in _contents(source, rows[first]))
    with open_store() as store:
        unknown = np.flatnonzero(store.positions(digests) < 0)
        new = unknown[np.unique(digests[unknown], return_index=True, axis=0)[1]]
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


def _distinct(source: Source, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places in `rows` that show every content, and for each row the number of its own among them.

    Rows that share a file share an item of the cache, so that it is read once; other rows count as distinct.
    """
    shared = source.items[rows] if isinstance(source, StoredSource) else np.arange(len(rows))
    _, first, back = np.unique(shared, return_index=True, return_inverse=True)
    return first, back


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
