"""Runs frozen encoders once: their tokens are kept in the cache, and training starts from there.

The key of an entry is the content of a row's features, under the encoder's revision and settings. Other fusions,
balancers, heads and seeds find it again, and rows with equal features share one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from torso.cache.keys import content_digest
from torso.cache.store import FeatureStore
from torso.columns.dataset import Dataset
from torso.columns.loader import features_of
from torso.columns.media_column import damage_note
from torso.columns.sources import RaggedSource, Source, StoredSource, TurningSource
from torso.core.types import Tokens
from torso.encoders import Encoder, FrozenBackbone
from torso.model.model import Model
from torso.training.devices import autocast
from torso.training.listeners import Listener

__all__ = [
    "EncodedSource",
    "Told",
    "encode_frozen",
    "encoded_once",
    "run_frozen_once",
    "shows_views",
]

_BATCH = 64  # rows that an encoder runs on at a time
_HASHED = 1024  # rows whose features are in memory at a time


class EncodedSource(StoredSource):
    """Tokens of a frozen encoder from the cache, `[batch, length, width]`.

    Attributes:
        read: the features that the encoder has read.
    """

    encoded = True
    read: Source | None = None


class _TokensInMemory(RaggedSource):
    """Tokens of a frozen encoder, of rows that are read once.

    Args:
        flat: float32 `[tokens, width]`.
        lengths: tokens of each row.
        read: the features that the encoder has read.
    """

    encoded = True

    def __init__(self, flat: np.ndarray, lengths: np.ndarray, read: Source) -> None:
        super().__init__(flat, lengths)
        self.read = read

    def shared(self, same: np.ndarray) -> _TokensInMemory:
        """Return the source in which each row has the tokens of row `same` `[rows]`."""
        self.starts, self.lengths = self.starts[same], self.lengths[same]
        return self


def encode_frozen(model: Model, dataset: Dataset, precision: str = "auto") -> Dataset:
    """Return the dataset with the tokens of frozen encoders in memory; without such encoders, itself.

    For rows that are read once: several networks and the plain models then share what the encoder says.

    Args:
        model: on its device.
        dataset: a table laid out.
        precision: of the forward pass, as in training.
    """
    device = next(model.parameters()).device
    _, trunk = next(model.trunks.pairs())
    frozen = {name: encoder.frozen_backbone() for name, encoder in trunk.encoders.pairs()}
    if not any(frozen.values()):
        return dataset
    sources = dict(dataset.sources)
    for name, backbone in frozen.items():
        if backbone is None:
            continue
        source = dataset.sources[name]
        forward = _Forward(trunk.encoders[name], backbone, device, precision, 0)
        rows = np.flatnonzero(source.present())
        same: np.ndarray | None = getattr(source, "same", None)
        rows = rows if same is None else rows[same[rows] == rows]
        lengths = np.zeros(len(source), np.int64)
        flat = [np.zeros((0, backbone.width), np.float32)]
        for start in range(0, len(rows), _BATCH):
            tokens = forward(source, rows[start : start + _BATCH])
            mask = tokens.mask.cpu()
            lengths[rows[start : start + _BATCH]] = mask.sum(dim=1).numpy()
            flat.append(tokens.values.float().cpu()[mask].numpy())
        tokens_of_rows = _TokensInMemory(np.concatenate(flat), lengths, source)
        sources[name] = tokens_of_rows if same is None else tokens_of_rows.shared(same)
    return replace(dataset, sources=sources)


@dataclass(frozen=True)
class Told:
    """A listener, and the column that it is told of."""

    column: str
    listener: Listener


def run_frozen_once(
    model: Model,
    dataset: Dataset,
    cache: Path,
    *,
    precision: str = "auto",
    learned: np.ndarray | None = None,
    listener: Listener | None = None,
) -> Dataset:
    """Return the dataset with the features of frozen encoders replaced by their frozen part's tokens.

    Args:
        model: on its device; all its trunks encode a modality alike.
        dataset: a table laid out.
        cache: root of the feature cache.
        precision: of the forward pass, as in training.
        learned: the training rows: only these are encoded, in augmented views where an encoder has any. None
            encodes all rows as they are.
        listener: is told of progress, counted in rows to be run, and of a damaged cache.

    Raises:
        DataError: the disk is full or may not be written.
    """
    _, trunk = next(model.trunks.pairs())
    sources = {
        name: encoded_once(
            encoder,
            dataset.sources[name],
            cache,
            precision=precision,
            learned=learned,
            told=Told(name, listener or Listener()),
        )
        for name, encoder in trunk.encoders.pairs()
    }
    return replace(dataset, sources={**dataset.sources, **sources})


def encoded_once(
    encoder: Encoder,
    source: Source,
    cache: Path,
    *,
    precision: str = "auto",
    learned: np.ndarray | None = None,
    told: Told | None = None,
) -> Source:
    """Return the tokens of an encoder's frozen part; the source itself if it has none.

    Args:
        encoder: on its device.
        source: rows that it reads.
        cache: as for `run_frozen_once`.
        precision: likewise.
        learned: likewise.
        told: hears as for `run_frozen_once`.
    """
    frozen = encoder.frozen_backbone()
    if frozen is None:
        return source
    device = next(encoder.parameters()).device
    was_training = encoder.training
    encoder.eval()
    views = range(1, frozen.views + 1) if learned is not None else ()
    encoded = [
        _encoded(
            source,
            learned,
            _Forward(encoder, frozen, device, precision, view),
            cache,
            told or Told("", Listener()),
        )
        for view in views or (0,)
    ]
    encoder.train(was_training)
    return TurningSource(encoded) if len(encoded) > 1 else encoded[0]


def shows_views(model: Model) -> bool:
    """Return True if a frozen encoder trains on augmented views of a row instead of the row itself."""
    _, trunk = next(model.trunks.pairs())
    every = [encoder.frozen_backbone() for _, encoder in trunk.encoders.pairs()]
    return any(frozen is not None and frozen.views for frozen in every)


@dataclass(frozen=True)
class _Forward:
    """The frozen part of an encoder, on one device, in one precision, for one view of the rows."""

    encoder: Encoder
    backbone: FrozenBackbone
    device: torch.device
    precision: str
    view: int

    def __call__(self, source: Source, rows: np.ndarray) -> Tokens:
        features = features_of(source, rows).to(self.device)
        with torch.inference_mode(), autocast(self.device, self.precision):
            return self.encoder.run_backbone(features, self.view)

    def key(self) -> dict[str, object]:
        """Return all that the tokens depend on besides the features, as JSON values."""
        key = {**self.backbone.settings, "computed": self._dtype()}
        # the row itself is the same however it would be augmented
        return {**key, **self.backbone.augmentation, "view": self.view} if self.view else key

    def _dtype(self) -> str:
        kind = self.device.type
        with autocast(self.device, self.precision):
            mixed = torch.is_autocast_enabled(kind)
            return str(torch.get_autocast_dtype(kind)) if mixed else "float32"


def _encoded(
    source: Source,
    wanted: np.ndarray | None,
    forward: _Forward,
    cache: Path,
    told: Told,
) -> EncodedSource:
    """Return the tokens of a source's rows from the cache; rows that are not there are run first."""
    rows = np.flatnonzero(source.present())
    rows = rows if wanted is None else np.intersect1d(rows, wanted)
    first, content = _distinct(source, rows)
    digests, lengths = (values[content] for values in _contents(source, rows[first]))
    backbone = forward.backbone
    with FeatureStore(cache, forward.key(), backbone.dtype, (backbone.width,)) as store:
        known = store.positions(digests)
        damaged = store.damaged(known[known >= 0])
        if len(damaged):
            told.listener.noted(damage_note(store))
        unknown = np.flatnonzero((known < 0) | np.isin(known, damaged))
        new = unknown[np.unique(digests[unknown], return_index=True, axis=0)[1]]
        new = new[np.argsort(lengths[new], kind="stable")]  # rows of like length share a batch
        for start in range(0, len(new), _BATCH):
            chosen = new[start : start + _BATCH]
            tokens = forward(source, rows[chosen])
            for digest, values, mask in zip(
                digests[chosen], tokens.values.float().cpu(), tokens.mask.cpu(), strict=True
            ):
                store.add(digest.tobytes(), values[mask].numpy().astype(store.dtype))
            told.listener.preparing(told.column, start + len(chosen), len(new))
        items = np.full(len(source), -1, dtype=np.int64)
        items[rows] = store.positions(digests)
    encoded = EncodedSource(store, items, None)
    encoded.read = source
    return encoded


def _distinct(source: Source, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return indices into `rows` that cover every content, and for each row the number of its content.

    Rows that share a file share an item of the cache, so it is read once. Other rows count as distinct.
    """
    shared = source.items[rows] if isinstance(source, StoredSource) else np.arange(len(rows))
    _, first, content = np.unique(shared, return_index=True, return_inverse=True)
    return first, content


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
