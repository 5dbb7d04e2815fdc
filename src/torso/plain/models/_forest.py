"""Boosted trees as arrays, read from LightGBM's text; they predict without the library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from torso.plain.models._leaf_masks import LeafMasks

__all__ = ["MOST_LEAVES", "Forest"]

MOST_LEAVES = 32  # of a tree: a bit each
_AT_ONCE = 2_000_000  # tests of nodes in memory
_MANY = 64  # rows for which masks of leaves pay
_DEFAULT_LEFT, _MISSING = 2, 12  # bits of a node's type in LightGBM
_NAN = 8  # of the bits for missing: NaN has a side of its own; else it is read as 0


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees that are added up.

    All tests of all trees are made at once: each that fails strikes the leaves to its left, and the first leaf left
    over is the row's. From Lucchese 2015 (QuickScorer, SIGIR). Differs: of many rows, the tests of a column are one
    look-up (`LeafMasks`).

    Attributes:
        features: column that a node tests, int32 `[nodes]`, tree by tree.
        limits: a value up to it goes left, float64 `[nodes]`.
        gaps_left: a missing value goes left, bool `[nodes]`.
        leaves_kept: bits of the leaves that a failed test keeps, uint32 `[nodes]`.
        starts: first node of each tree, int64 `[trees]`; every tree has a node.
        values: of leaves from left to right, float64 `[trees, leaves]`.
        outputs: that each tree adds to, int64 `[trees]`.
    """

    features: np.ndarray
    limits: np.ndarray
    gaps_left: np.ndarray
    leaves_kept: np.ndarray
    starts: np.ndarray
    values: np.ndarray
    outputs: np.ndarray

    @classmethod
    def of(cls, texts: Mapping[int, str], columns: Mapping[int, np.ndarray]) -> Forest:
        """Return the trees of models of LightGBM.

        Args:
            texts: first output -> model as text; one of several classes has outputs in a row.
            columns: first output -> column of the whole table that each feature of the model is.
        """
        nodes: list[tuple[int, float, bool, int]] = []
        starts, values, outputs = [], [], []
        for first, text in texts.items():
            width = int(_field(text, "num_tree_per_iteration"))
            for number, block in enumerate(text.split("\nTree=")[1:]):
                tree = _Tree(dict(line.split("=", 1) for line in block.split("\n") if "=" in line))
                if not any(tree.values):
                    continue  # a class with nothing more to learn
                starts.append(len(nodes))
                tests = tree.tests() or [(0, np.inf, True, 2**MOST_LEAVES - 1)]
                nodes += [(int(columns[first][test[0]]), *test[1:]) for test in tests]
                values.append(tree.leaves_in_order())
                outputs.append(first + number % width)
        padded = np.zeros((len(values), max(map(len, values), default=1)))
        for row, own in zip(padded, values, strict=True):
            row[: len(own)] = own
        features, limits, gaps_left, kept = zip(*nodes, strict=True) if nodes else ((),) * 4
        return cls(
            np.array(features, np.int32),
            np.array(limits, np.float64),
            np.array(gaps_left, bool),
            np.array(kept, np.uint32),
            np.array(starts, np.int64),
            padded,
            np.array(outputs, np.int64),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the attributes by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def on(self, features: np.ndarray) -> Forest:
        """Return the same trees for columns in other places."""
        return replace(self, features=features.astype(np.int32))

    @classmethod
    def joined(cls, forests: Sequence[Forest], widths: Sequence[int]) -> Forest:
        """Return the trees of several forests, whose outputs follow each other.

        Args:
            forests: that test the columns of the same table.
            widths: number of outputs of each.
        """
        nodes = np.cumsum([0, *(len(forest.features) for forest in forests)])
        outputs = np.cumsum([0, *widths])
        leaves = max(forest.values.shape[1] for forest in forests)
        values = [
            np.pad(forest.values, ((0, 0), (0, leaves - forest.values.shape[1])))
            for forest in forests
        ]
        return cls(
            np.concatenate([forest.features for forest in forests]),
            np.concatenate([forest.limits for forest in forests]),
            np.concatenate([forest.gaps_left for forest in forests]),
            np.concatenate([forest.leaves_kept for forest in forests]),
            np.concatenate([own.starts + at for own, at in zip(forests, nodes, strict=False)]),
            np.concatenate(values),
            np.concatenate([own.outputs + at for own, at in zip(forests, outputs, strict=False)]),
        )

    def predict(self, values: np.ndarray, width: int) -> np.ndarray:
        """Return sums of leaves, float64 `[rows, width]`.

        Args:
            values: `[rows, columns]`, NaN where missing.
            width: number of outputs.
        """
        said = np.zeros((len(values), width))
        if not len(self.starts):
            return said
        trees = np.arange(len(self.starts))
        adds = (self.outputs[:, None] == np.arange(width)).astype(np.float64)
        step = max(1, _AT_ONCE // len(self.features))
        masks = self._masks if len(values) >= _MANY else None
        leaves = self._tested if masks is None else masks.leaves
        for start in range(0, len(values), step):
            leaf = leaves(values[start : start + step])
            said[start : start + step] = self.values[trees, leaf] @ adds
        return said

    def _tested(self, values: np.ndarray) -> np.ndarray:
        """Return the leaf of each row in each tree, by all tests of all nodes."""
        tested = values[:, self.features]
        left = np.where(np.isnan(tested), self.gaps_left, tested <= self.limits)
        kept = np.where(left, np.uint32(2**MOST_LEAVES - 1), self.leaves_kept)
        kept = np.bitwise_and.reduceat(kept, self.starts, axis=1)
        lowest = kept & (~kept + np.uint32(1))
        return np.asarray(np.frexp(lowest.astype(np.float64))[1] - 1)

    @cached_property
    def _masks(self) -> LeafMasks | None:
        tests = self.limits, self.gaps_left, self.leaves_kept
        return LeafMasks.of(self.features, tests, self.starts, self.values.shape[1])


class _Tree:
    """A tree as LightGBM writes it: inner nodes count from 0, leaves down from -1."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.values = [float(value) for value in fields["leaf_value"].split()]
        self.single = int(fields["num_leaves"]) < 2
        if self.single:
            return
        names = ("left_child", "right_child", "split_feature", "decision_type")
        self.left, self.right, self.features, self.types = (
            [int(value) for value in fields[name].split()] for name in names
        )
        self.limits = [float(value) for value in fields["threshold"].split()]

    def leaves_in_order(self) -> list[float]:
        """Return the values of the leaves from left to right."""
        return self.values if self.single else [self.values[~leaf] for leaf in self._leaves(0)]

    def tests(self) -> list[tuple[int, float, bool, int]]:
        """Return of each inner node: feature, limit, side of gaps, and leaves kept by a failed test."""
        if self.single:
            return []
        order = {leaf: bit for bit, leaf in enumerate(self._leaves(0))}
        every = 2**MOST_LEAVES - 1
        tests = []
        for node, kind in enumerate(self.types):
            gaps_left = bool(kind & _DEFAULT_LEFT)
            if kind & _MISSING != _NAN:
                gaps_left = self.limits[node] >= 0
            struck = sum(1 << order[leaf] for leaf in self._leaves(self.left[node]))
            tests.append((self.features[node], self.limits[node], gaps_left, every & ~struck))
        return tests

    def _leaves(self, node: int) -> Iterator[int]:
        if node < 0:
            yield node
        else:
            yield from self._leaves(self.left[node])
            yield from self._leaves(self.right[node])


def _field(text: str, name: str) -> str:
    return text.split(f"\n{name}=", 1)[1].split("\n", 1)[0]
