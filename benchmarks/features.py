"""The data sets of the races as small fixed features, so that a race trains in seconds what differs.

    dataset = stamps(seed=0)
    dataset.inputs["image"]     # Features: values float32 [rows, tokens, width], mask bool [rows, tokens]
    dataset.targets["category"] # int64 [rows]; binary and number: float32 [rows], NaN where missing
    dataset.kinds["category"]   # "category", "binary" or "number"
    dataset.groups              # int64 [rows]: rows of one stamp, video or recording
    dataset.train, dataset.validation, dataset.test   # int64 row numbers, the groups never cross

Nothing here learns from a label. What is fitted (standardisation, the text's and the pictures' main components)
sees training rows only, so it is made anew for the split of each seed. Made once, then read from
`$TORSO_BENCHMARK_CACHE`, by default a folder among the system's temporary files; a change of this file or of its
data makes them anew.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from torso.columns.inputs import AudioInput, ImageInput
from torso.columns.reading import Reading, ReadOptions
from torso.columns.splits import split_rows
from torso.core.types import Features
from torso.tables.table import read_table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
from _data import data_folder  # noqa: E402
from talking_stamps import TARGETS  # noqa: E402
from talking_stamps import stamps as stamp_table  # noqa: E402

__all__ = ["Dataset", "kept", "laid_out", "mosi", "patches", "plain_views", "segments", "stamps"]

SEGMENTS = 8
"""Parts of equal length that a recording is cut into: the features do not say how long it was."""
LARGEST = 5.0
"""Standardised values are cut here."""


@dataclass(frozen=True)
class Dataset:
    """Rows of several modalities and tasks, and which of them train, choose and judge."""

    inputs: dict[str, Features]
    targets: dict[str, Tensor]
    kinds: dict[str, str]
    groups: Tensor
    train: Tensor
    validation: Tensor
    test: Tensor


def stamps(seed: int = 0) -> Dataset:
    """Talking Stamps: 7,389 rows; image 16 x 48, text 4 x 64, audio 8 x 64; five tasks.

    An image is a 16 x 16 picture in 4 x 4 patches; a text is the main components of its character n-grams, one
    token for each n from 1 to 4 (102 rows have no text); audio is the mean and spread of 32 log-mel bands over
    each eighth of the recording. `seed` draws the split: 20 % of the stamps test, 10 % validate.
    """
    folder = data_folder("talking_stamps")
    table = stamp_table(folder)
    split = split_rows(read_table(table), test=0.2, validation=0.1, group="id", seed=seed)
    views = kept("stamps", Path(__file__), folder, lambda: _stamp_views(folder, table))
    known = (table["text"] != "").to_numpy()
    texts = table["text"].to_numpy(dtype=object)
    fit = split.train[known[split.train]]
    words = kept(
        f"stamps-text-{seed}", Path(__file__), folder, lambda: {"text": _ngrams(texts, fit, seed)}
    )
    present = np.ones(len(table), bool)
    kinds = dict(zip(TARGETS, ["category", "category", "binary", "binary", "number"], strict=True))
    return laid_out(
        {"image": (views["image"], present), "text": (words["text"], known)}
        | {"audio": (views["audio"], present)},
        {task: table[task].to_numpy() for task in TARGETS},
        kinds,
        table["id"].to_numpy(),
        (split.train, split.validation, split.test),
    )


def plain_views(folder: Path, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return what plain methods see of every stamp: small pixels, and statistics of the recording."""
    source = read_table(table)
    rows = np.arange(len(table))
    pictures = ImageInput(size=16).source(
        source.column("image"), Reading(ReadOptions(root=[folder / "images.zip"]))
    )
    pixels = pictures.batch(rows)[0][:, 2:14, 2:14].reshape(len(rows), -1) / 255.0
    frames = AudioInput().source(
        source.column("audio"), Reading(ReadOptions(root=[folder / "audio.zip"]))
    )
    statistics = []
    for row in rows:
        values, _ = frames.batch(row[None])
        heard = values[0].astype(np.float32)
        statistics.append(np.concatenate([heard.mean(0), heard.std(0), heard.max(0), heard.min(0)]))
    return {"12x12 pixels": pixels, "audio statistics": np.stack(statistics)}


def mosi(seed: int = 0) -> Dataset:
    """CMU-MOSI: 2,199 utterances; words, voice and face, a vector each; one task.

    The published vectors and training videos. The words' vectors come from a network that had seen the labels
    of these videos, so none of them can say when to stop: a third of the test videos, drawn by `seed`, does.
    """
    folder = data_folder("mosi")
    table = pd.read_csv(folder / "utterances.csv")
    vectors = np.load(folder / "features.npz")
    videos = np.unique(table["video"][table["split"] == "test"])
    chosen = np.random.default_rng(seed).permutation(videos)[: len(videos) // 3]
    train, choose = (table["split"] == "train").to_numpy(), table["video"].isin(chosen).to_numpy()
    rows = tuple(np.flatnonzero(mask) for mask in (train, choose, ~train & ~choose))
    present = np.ones(len(table), bool)
    senses = {"words": "text", "voice": "audio", "face": "video"}
    return laid_out(
        {name: (vectors[sense][:, None], present) for name, sense in senses.items()},
        {"sentiment": table["sentiment"].to_numpy()},
        {"sentiment": "binary"},
        table["video"].to_numpy(),
        rows,
    )


def laid_out(
    inputs: Mapping[str, tuple[np.ndarray, np.ndarray]],
    targets: Mapping[str, np.ndarray],
    kinds: dict[str, str],
    groups: np.ndarray,
    rows: tuple[np.ndarray, ...],
) -> Dataset:
    """Standardise every column of every token over the training rows, and number classes and groups."""
    train, validation, test = (torch.from_numpy(one) for one in rows)
    features = {}
    for name, (values, present) in inputs.items():
        seen = values[rows[0][present[rows[0]]]].astype(np.float64)
        scaled = (values - seen.mean(axis=0)) / np.maximum(seen.std(axis=0), 1e-3)
        kept = np.clip(scaled, -LARGEST, LARGEST).astype(np.float32) * present[:, None, None]
        mask = np.repeat(present[:, None], values.shape[1], axis=1)
        features[name] = Features(torch.from_numpy(kept), torch.from_numpy(mask))
    answers = {
        task: torch.from_numpy(np.unique(found, return_inverse=True)[1])
        if kinds[task] == "category"
        else torch.from_numpy(found.astype(np.float32))
        for task, found in targets.items()
    }
    numbers = torch.from_numpy(np.unique(groups, return_inverse=True)[1])
    return Dataset(features, answers, kinds, numbers, train, validation, test)


def _stamp_views(folder: Path, table: pd.DataFrame) -> dict[str, np.ndarray]:
    source, rows = read_table(table), np.arange(len(table))
    pictures = ImageInput(size=16).source(
        source.column("image"), Reading(ReadOptions(root=[folder / "images.zip"]))
    )
    sounds = AudioInput(mels=32).source(
        source.column("audio"), Reading(ReadOptions(root=[folder / "audio.zip"]))
    )
    pixels = pictures.batch(rows)[0].astype(np.float32) / 255.0
    heard = [segments(sounds.batch(row[None])[0][0].astype(np.float32)) for row in rows]
    return {"image": patches(pixels, 4), "audio": np.stack(heard)}


def patches(pictures: np.ndarray, side: int) -> np.ndarray:
    """Return `[rows, patches, side * side * channels]` of `pictures` `[rows, height, width, channels]`."""
    rows, height, width, channels = pictures.shape
    cut = pictures.reshape(rows, height // side, side, width // side, side, channels)
    return cut.transpose(0, 1, 3, 2, 4, 5).reshape(rows, -1, side * side * channels)


def segments(frames: np.ndarray) -> np.ndarray:
    """Return `[SEGMENTS, 2 * bands]`: mean and standard deviation over each part of `frames` `[time, bands]`."""
    edges = np.linspace(0, len(frames), SEGMENTS + 1)
    parts = [
        frames[int(start) : max(int(start) + 1, int(np.ceil(end)))]
        for start, end in pairwise(edges)
    ]
    return np.stack([np.concatenate([part.mean(axis=0), part.std(axis=0)]) for part in parts])


def _ngrams(texts: np.ndarray, fit: np.ndarray, seed: int) -> np.ndarray:
    """Return float32 `[rows, 4, 64]`: components of the n-grams of characters, for n from 1 to 4."""
    tokens = []
    for size in range(1, 5):
        counts = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(size, size), min_df=2, sublinear_tf=True
        )
        components = TruncatedSVD(64, random_state=seed)
        components.fit(counts.fit_transform(texts[fit]))
        tokens.append(components.transform(counts.transform(texts)))
    return np.stack(tokens, axis=1).astype(np.float32)


def kept(
    name: str, code: Path, folder: Path, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return the arrays of `make()`, from the cache where this file, `code` and the data are still the same."""
    stamp = hashlib.sha256(Path(__file__).read_bytes() + code.read_bytes())
    for file in sorted(folder.iterdir()):
        stamp.update(f"{file.name} {file.stat().st_size}".encode())
    place = os.environ.get("TORSO_BENCHMARK_CACHE")
    cache = Path(place) if place else Path(tempfile.gettempdir()) / "torso-benchmarks"
    file = cache / f"{name}-{stamp.hexdigest()[:12]}.npz"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{os.getpid()}-{file.name}")
        np.savez(unfinished, **make())
        unfinished.replace(file)
    return dict(np.load(file))
