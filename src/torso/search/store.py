"""Vectors that were computed once, beside the run: safetensors and JSON, and a graph of neighbours.

A store holds no names. A vector is filed under the digest of what it is of (a file's path, size and time; a cell's
content), so whoever looks must bring the names, and nothing in a store can lead anywhere. It is a cache: a damaged one,
one of other weights, or one that was half written counts as empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b, file_digest
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from torso.core.errors import RunError
from torso.runs.folder.json_files import read_json, write_json
from torso.search.nearest import Graph, seal
from torso.training.checkpoint import load_tensors, save_tensors

__all__ = ["Store", "Vectors"]

_FORMAT = 1
_STAMP_BYTES = 16
_WEIGHTS = ("model.safetensors", "schema.json", "vocabulary.json", "statistics.json")
_MOST_REMOVED = 0.1


@dataclass(frozen=True)
class Vectors:
    """Known vectors of some things.

    Attributes:
        stamps: uint8 `[things, 16]`, each once.
        values: float32 `[things, width]`, of length 1.
        unreadable: stamp in hexadecimal -> why a thing has no vector.
    """

    stamps: np.ndarray
    values: Tensor
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def none(cls, width: int) -> Vectors:
        """Return no vectors."""
        return cls(np.zeros((0, _STAMP_BYTES), np.uint8), torch.zeros(0, width))

    @property
    def labels(self) -> np.ndarray:
        """Numbers uint64 `[things]` for a graph: the beginnings of the stamps."""
        return np.ascontiguousarray(self.stamps[:, :8]).view(np.uint64).reshape(-1)


class Store:
    """The vectors of one corpus under one target and modality.

    Args:
        run: folder of the run.
        task: target.
        modality: of the vectors.
        corpus: resolved path of the folder or the table.
    """

    def __init__(self, run: Path, task: str, modality: str, corpus: str) -> None:
        self.about: dict[str, object] = {
            "format": _FORMAT,
            "target": task,
            "modality": modality,
            "place": corpus,
        }
        name = blake2b(json.dumps(self.about).encode(), digest_size=8).hexdigest()
        self._run = run
        self.folder = run / "search" / name
        self.about["weights"] = _digest(run)
        self._graph = self.folder / "graph.usearch"

    def read(self, width: int) -> Vectors:
        """Return the stored vectors, mapped into memory; none if of other weights or damaged."""
        try:
            about = read_json(self.folder / "about.json")
            if {key: about.get(key) for key in self.about} != self.about:
                return Vectors.none(width)
            tensors = load_tensors(self.folder / "vectors.safetensors")
        except RunError:
            return Vectors.none(width)
        stamps, values = tensors.get("stamps"), tensors.get("vectors")
        unreadable = about.get("unreadable", {})
        whole = (
            stamps is not None
            and values is not None
            and isinstance(unreadable, dict)
            and (stamps.dtype, values.dtype) == (torch.uint8, torch.float32)
            and stamps.shape == (len(values), _STAMP_BYTES)
            and values.shape[1:] == (width,)
        )
        if not whole or stamps is None or values is None:
            return Vectors.none(width)
        reasons = {str(stamp): str(reason) for stamp, reason in unreadable.items()}
        return Vectors(stamps.numpy(), values, reasons)

    def write(self, vectors: Vectors) -> None:
        """Replace the stored vectors; a kill in between leaves none."""
        self._make()
        about = self.folder / "about.json"
        about.unlink(missing_ok=True)
        save_tensors(
            self.folder / "vectors.safetensors",
            {"stamps": torch.from_numpy(vectors.stamps), "vectors": vectors.values},
        )
        write_json(about, {**self.about, "unreadable": dict(vectors.unreadable)})

    def graph(self, vectors: Vectors, progress: Callable[[int, int], None] | None = None) -> Graph:
        """Return the graph of the vectors, opened if it is here, else brought up to date or built.

        Args:
            vectors: all.
            progress: called with `(done, total)` while it is built.

        Raises:
            MissingDependency: usearch is absent.
        """
        width, labels = vectors.values.shape[1], vectors.labels
        sealed = self.folder / "graph.safetensors"
        known = self._known(sealed)
        if known is not None and np.array_equal(known, labels):
            graph = Graph.open(self._graph, width)
            if graph is not None and len(graph) == len(labels):
                return graph
        graph = _changed(self._graph, known, vectors) if known is not None else None
        if graph is None:
            graph = Graph(width)
            graph.add(labels, vectors.values, progress)
        self._make()
        sealed.unlink(missing_ok=True)
        graph.save(self._graph)
        tensors = {"labels": labels.view(np.int64), "seal": np.array(seal(self._graph))}
        save_tensors(sealed, {name: torch.from_numpy(values) for name, values in tensors.items()})
        return graph

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.folder.resolve().is_relative_to(self._run.resolve()):
            raise RunError(f"{self.folder} is a link out of the run. Take it away.")

    def _known(self, sealed: Path) -> np.ndarray | None:
        """Return the numbers in the graph's file, None if it was not written here."""
        try:
            tensors = load_tensors(sealed)
            if tensors["seal"].tolist() == seal(self._graph):
                return tensors["labels"].numpy().view(np.uint64)
        except (RunError, OSError, KeyError, ValueError, TypeError):
            pass
        return None


def _changed(file: Path, known: np.ndarray, vectors: Vectors) -> Graph | None:
    """Return the graph with new vectors added and old ones removed; None if rebuilding is better."""
    labels = vectors.labels
    gone, new = np.setdiff1d(known, labels), ~np.isin(labels, known)
    if len(gone) > _MOST_REMOVED * len(known):
        return None
    graph = Graph.open(file, vectors.values.shape[1], change=True)
    if graph is None or len(graph) != len(known):
        return None
    if len(gone):
        graph.remove(gone)
    if new.any():
        graph.add(labels[new], vectors.values[torch.from_numpy(new)])
    return graph


def _digest(run: Path) -> str:
    """Return a digest of the weights, vocabularies and statistics behind the vectors."""
    digest = blake2b(digest_size=16)
    for name in _WEIGHTS:
        with (run / name).open("rb") as file:
            digest.update(file_digest(file, "blake2b").digest())
    return digest.hexdigest()
