"""Trees that are averaged, as arrays, read from scikit-learn's; they predict without the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Grown", "MeanTrees"]

_AT_ONCE = 2_000_000  # numbers in memory
_LEVELS = 4  # after which those that reached a leaf stay behind


class Grown(Protocol):
    """A tree of scikit-learn: nodes from the root; a child of -1 makes a leaf."""

    children_left: np.ndarray
    children_right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray


@dataclass(frozen=True, eq=False)
class MeanTrees:
    """Trees of which the mean is taken. All trees of all rows descend together, a level at a time.

    Attributes:
        lefts: node below where the test holds, int32 `[nodes]`; the next one where not. A leaf stands below itself.
        features: column that a node tests, int32 `[nodes]`.
        limits: a value up to it holds, float32 `[nodes]`; infinite at a leaf.
        roots: first node of each tree, int32 `[trees]`.
        leaves: answers of the leaves in the order of the nodes, float32 `[leaves, outputs]`.
    """

    lefts: np.ndarray
    features: np.ndarray
    limits: np.ndarray
    roots: np.ndarray
    leaves: np.ndarray

    @classmethod
    def of(cls, trees: Sequence[Grown]) -> MeanTrees:
        """Return trees of scikit-learn."""
        parts, start = [], 0
        for tree in trees:
            parts.append(_laid_out(tree, start))
            start += len(tree.feature)
        lefts, features, limits, leaves = (
            np.concatenate(part) for part in zip(*parts, strict=True)
        )
        roots = np.cumsum([0, *(len(tree.feature) for tree in trees[:-1])])
        return cls(lefts, features, limits, roots.astype(np.int32), leaves)

    def predict(self, values: np.ndarray) -> NDArray[np.float64]:
        """Return the mean answer, `[rows, outputs]`.

        Args:
            values: float32 `[rows, columns]`, without gaps.
        """
        said = np.zeros((len(values), self.leaves.shape[1]))
        step = max(1, _AT_ONCE // (len(self.roots) * self.leaves.shape[1]))
        for start in range(0, len(values), step):
            said[start : start + step] = self.answers(self.descend(values[start : start + step]))
        return said

    def descend(self, values: np.ndarray) -> np.ndarray:
        """Return the leaf of each row in each tree, as a node, int64 `[rows, trees]`."""
        lefts, features, _ = self._walk
        cells = np.ascontiguousarray(values, np.float32).ravel()
        shape = len(values), len(self.roots)
        nodes = np.tile(self.roots.astype(np.int64), len(values))
        firsts = np.repeat(np.arange(len(values)) * values.shape[1], len(self.roots))
        ends, way = np.empty_like(nodes), np.arange(len(nodes))
        while len(way):
            for _ in range(_LEVELS):
                fails = cells.take(firsts + features.take(nodes)) > self.limits.take(nodes)
                nodes = lefts.take(nodes) + fails
            ends[way] = nodes
            inner = np.flatnonzero(lefts.take(nodes) != nodes)
            nodes, firsts, way = nodes.take(inner), firsts.take(inner), way.take(inner)
        return ends.reshape(shape)

    def answers(self, nodes: np.ndarray) -> NDArray[np.float64]:
        """Return the mean answer of leaves from `descend`, `[rows, outputs]`."""
        own = self.leaves.take(self._walk[2].take(nodes), axis=0)
        return np.asarray(own.mean(axis=1, dtype=np.float64))

    def answers_of(
        self, forests: Sequence[MeanTrees], values: np.ndarray
    ) -> list[NDArray[np.float64]]:
        """Return the mean answers of the forests that are `joined` here, `[rows, outputs]` each."""
        nodes, tree, node, means = self.descend(values), 0, 0, []
        for forest in forests:
            end = tree + len(forest.roots)
            means.append(forest.answers(nodes[:, tree:end] - node))
            tree, node = end, node + len(forest.lefts)
        return means

    @classmethod
    def joined(cls, forests: Sequence[MeanTrees]) -> MeanTrees:
        """Return the trees of several forests, to descend only: they have no answers."""
        starts = np.cumsum([0, *(len(forest.lefts) for forest in forests[:-1])])
        pairs = list(zip(forests, starts.tolist(), strict=True))
        return cls(
            np.concatenate([forest.lefts + np.int32(start) for forest, start in pairs]),
            np.concatenate([forest.features for forest in forests]),
            np.concatenate([forest.limits for forest in forests]),
            np.concatenate([forest.roots + np.int32(start) for forest, start in pairs]),
            np.zeros((0, 0), np.float32),
        )

    @cached_property
    def _walk(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return children and features as indices, and the leaf of each node."""
        lefts = self.lefts.astype(np.int64)
        leaf = lefts == np.arange(len(lefts))
        return lefts, self.features.astype(np.int64), np.cumsum(leaf) - 1


def _laid_out(tree: Grown, start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return children, features, limits and leaves of a tree whose siblings stand side by side."""
    inner = np.flatnonzero(tree.children_left >= 0)
    places = np.zeros(len(tree.feature), np.int64)
    places[tree.children_left[inner]] = 1 + 2 * np.arange(len(inner))
    places[tree.children_right[inner]] = 2 + 2 * np.arange(len(inner))
    lefts = np.arange(len(places), dtype=np.int32)
    lefts[places[inner]] = places[tree.children_left[inner]]
    features = np.zeros(len(places), np.int32)
    features[places[inner]] = tree.feature[inner]
    limits = np.full(len(places), np.inf, np.float32)
    limits[places[inner]] = _rounded_down(tree.threshold[inner])
    ends = np.flatnonzero(tree.children_left < 0)
    ends = ends[np.argsort(places[ends])]
    return lefts + np.int32(start), features, limits, tree.value[ends, :, 0].astype(np.float32)


def _rounded_down(limits: np.ndarray) -> np.ndarray:
    """Return the greatest float32 up to each limit: the same float32 numbers are up to it."""
    near = limits.astype(np.float32)
    return np.where(near > limits, np.nextafter(near, np.float32(-np.inf)), near)
