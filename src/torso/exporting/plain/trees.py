"""Trees in a traced graph: as an operator of ONNX-ML, or as the tensor operations that do the same.

An ONNX graph holds a whole forest in one node, `TreeEnsembleRegressor`. A trace could carry its arrays as literals only,
a million numbers in the text of a function. So the trace holds a placeholder with a number, and `fill_operators` gives it
the arrays afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from torso.plain.models._forest import Forest
from torso.plain.models._mean_trees import MeanTrees

if TYPE_CHECKING:
    import onnx_ir as ir

    _Attribute = int | str | list[int] | list[float] | list[str] | ir.TensorProtocol

__all__ = ["TreeEnsemble", "Trees", "as_operators", "fill_operators"]

_DOMAIN, _TYPE, _VERSION = "ai.onnx.ml", "TreeEnsembleRegressor", 3
_NUMBER = "torso_number"  # attribute of a placeholder


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees as nodes: those of a tree stand together, its root first.

    Attributes:
        features: column that a node tests, int64 `[nodes]`.
        limits: a value up to it goes left, `[nodes]`, of the type of the values.
        gaps_left: a missing value goes left, bool `[nodes]`.
        lefts: node to the left, int64 `[nodes]`; a leaf stands left and right of itself.
        rights: likewise.
        roots: first node of each tree, int64 `[trees]`.
        weights: what a leaf adds, `[nodes]`; 0 elsewhere.
        targets: output that each tree adds to, int64 `[trees]`.
        width: number of outputs.
    """

    features: np.ndarray
    limits: np.ndarray
    gaps_left: np.ndarray
    lefts: np.ndarray
    rights: np.ndarray
    roots: np.ndarray
    weights: np.ndarray
    targets: np.ndarray
    width: int

    @classmethod
    def of_sums(cls, forest: Forest, width: int) -> Trees:
        """Return boosted trees, whose leaves are added up.

        Args:
            forest: with at least one tree.
            width: number of outputs.
        """
        lefts: list[int] = []
        rights: list[int] = []
        nodes: list[int] = []
        weights: list[float] = []
        roots: list[int] = []
        ends = [*forest.starts[1:].tolist(), len(forest.features)]
        for start, end, values in zip(forest.starts.tolist(), ends, forest.values, strict=True):
            roots.append(len(lefts))
            tests = _intervals(forest.leaves_kept[start:end])
            left, right = _children(tests)
            leaves = len(tests) + 1
            lefts += [node + roots[-1] for node in left]
            rights += [node + roots[-1] for node in right]
            nodes += [*range(start, start + len(tests)), *([-1] * leaves)]
            weights += [*([0.0] * len(tests)), *values[:leaves].tolist()]
        place = np.array(nodes, np.int64)
        inner = place >= 0
        return cls(
            np.where(inner, forest.features[place], 0).astype(np.int64),
            np.where(inner, forest.limits[place], 0.0),
            np.where(inner, forest.gaps_left[place], False),
            np.array(lefts, np.int64),
            np.array(rights, np.int64),
            np.array(roots, np.int64),
            np.array(weights, np.float64),
            forest.outputs.astype(np.int64),
            width,
        )

    @classmethod
    def of_leaves(cls, forest: MeanTrees) -> Trees:
        """Return trees that say the number of the leaf in which a row ends, one output a tree."""
        nodes = np.arange(len(forest.lefts))
        lefts = forest.lefts.astype(np.int64)
        leaf = lefts == nodes
        assert leaf.sum() < 2**24, "Numbers of leaves should be exact in float32."
        return cls(
            forest.features.astype(np.int64),
            np.where(leaf, 0, forest.limits).astype(np.float32),
            np.zeros(len(nodes), bool),
            lefts,
            np.where(leaf, nodes, lefts + 1),
            forest.roots.astype(np.int64),
            np.where(leaf, np.cumsum(leaf) - 1, 0).astype(np.float32),
            np.arange(len(forest.roots)),
            len(forest.roots),
        )

    @property
    def depth(self) -> int:
        """Most tests from a root to a leaf."""
        nodes, tests = self.roots, 0
        while len(nodes := nodes[self.lefts[nodes] != nodes]):
            nodes = np.concatenate([self.lefts[nodes], self.rights[nodes]])
            tests += 1
        return tests


class TreeEnsemble(nn.Module):
    """Sums of the leaves of trees, float32 or float64 `[rows, width]`, or the operator that says them.

    Args:
        trees: at least one.
    """

    features: Tensor
    limits: Tensor
    gaps_left: Tensor
    lefts: Tensor
    rights: Tensor
    roots: Tensor
    weights: Tensor
    targets: Tensor

    def __init__(self, trees: Trees) -> None:
        super().__init__()
        self.trees = trees
        self.depth = trees.depth
        self.number: int | None = None  # of its placeholder, while a graph is traced
        for name in TreeEnsemble.__annotations__:
            self.register_buffer(name, torch.from_numpy(getattr(trees, name)), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return the sums.

        Args:
            values: `[rows, columns]` of the type of the limits, NaN where missing.
        """
        rows, width = values.shape[0], self.trees.width
        if self.number is not None:
            said = torch.onnx.ops.symbolic(
                f"{_DOMAIN}::{_TYPE}",
                (values,),
                attrs={_NUMBER: self.number},
                dtype=torch.float32,
                shape=(rows, width),
                version=_VERSION,
            )
            return said.to(self.weights.dtype)
        nodes = self.roots.expand(rows, -1)  # [rows, trees]
        for _ in range(self.depth):
            tested = values.gather(1, self.features[nodes])
            left = torch.where(tested.isnan(), self.gaps_left[nodes], tested <= self.limits[nodes])
            nodes = torch.where(left, self.lefts[nodes], self.rights[nodes])
        zeros = values.new_zeros((rows, width), dtype=self.weights.dtype)
        return zeros.index_add(1, self.targets, self.weights[nodes])


@contextmanager
def as_operators(module: nn.Module) -> Iterator[None]:
    """Trace the trees of a module as placeholders of ONNX-ML operators; `fill_operators` completes them.

    Args:
        module: that is traced inside the block.
    """
    ensembles = _ensembles(module)
    for number, ensemble in enumerate(ensembles):
        ensemble.number = number
    try:
        yield
    finally:
        for ensemble in ensembles:
            ensemble.number = None


def fill_operators(model: ir.Model, module: nn.Module) -> None:
    """Give the placeholders of trees in an ONNX graph the arrays of the trees.

    Args:
        model: the graph, `torch.onnx.export(...).model`, traced inside `as_operators`.
        module: that was traced.
    """
    import onnx_ir as ir

    ensembles = dict(enumerate(_ensembles(module)))
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        if (number := node.attributes.get(_NUMBER)) is None:
            continue
        attributes = _attributes(ensembles.pop(number.as_int()).trees)
        node.attributes.clear()
        node.attributes.update(
            {each.name: each for each in ir.convenience.convert_attributes(attributes)}
        )
    assert not ensembles, "The graph should be traced inside `as_operators`."
    if any(node.domain == _DOMAIN for node in model.graph):
        model.opset_imports[_DOMAIN] = _VERSION


def _ensembles(module: nn.Module) -> list[TreeEnsemble]:
    return [part for part in module.modules() if isinstance(part, TreeEnsemble)]


def _attributes(trees: Trees) -> dict[str, _Attribute]:
    """Return the attributes of the operator, as the specification of ONNX-ML names them."""
    import onnx_ir as ir

    nodes = np.arange(len(trees.lefts))
    tree = np.searchsorted(trees.roots, nodes, side="right") - 1
    own, leaf = nodes - trees.roots[tree], trees.lefts == nodes
    starts = trees.roots[tree]
    double = trees.limits.dtype == np.float64
    values: dict[str, _Attribute] = {
        "nodes_treeids": tree.tolist(),
        "nodes_nodeids": own.tolist(),
        "nodes_featureids": trees.features.tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids": np.where(leaf, 0, trees.lefts - starts).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, trees.rights - starts).tolist(),
        "nodes_missing_value_tracks_true": trees.gaps_left.astype(np.int64).tolist(),
        "target_treeids": tree[leaf].tolist(),
        "target_nodeids": own[leaf].tolist(),
        "target_ids": trees.targets[tree[leaf]].tolist(),
        "n_targets": trees.width,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
    }
    for name, array in (("nodes_values", trees.limits), ("target_weights", trees.weights[leaf])):
        if double:  # the specification wants a tensor where it is no float32
            values[f"{name}_as_tensor"] = ir.tensor(array, name=name)
        else:
            values[name] = array.astype(float).tolist()
    return values


def _intervals(kept: np.ndarray) -> list[tuple[int, int]]:
    """Return of each test of a tree the leaves to its left: the first one, and the one after the last.

    Args:
        kept: bits of the leaves that a failed test keeps, uint32 `[nodes]`; a test that strikes none is no node.
    """
    struck = [int(~bits) for bits in kept if ~bits]
    return [((bits & -bits).bit_length() - 1, bits.bit_length()) for bits in struck]


def _children(tests: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return left and right neighbour of each node of a tree; after the tests come the leaves from left to right.

    A test stands above all others whose leaves begin where its own do and are fewer.

    Args:
        tests: leaves to the left of each, as `_intervals` returns them.
    """
    count = len(tests)
    at = {interval: node for node, interval in enumerate(tests)}
    ends: dict[int, list[int]] = {}
    for first, end in tests:
        ends.setdefault(first, []).append(end)
    lefts, rights = ([*range(2 * count + 1)] for _ in range(2))

    def top(first: int, end: int) -> int:
        """Return the node above the leaves from `first` to before `end`."""
        below = [own for own in ends.get(first, []) if own < end]
        return at[first, max(below)] if below else count + first

    waiting = [(0, count + 1)]
    while waiting:
        first, end = waiting.pop()
        node = top(first, end)
        if node < count:
            middle = tests[node][1]
            lefts[node], rights[node] = top(first, middle), top(middle, end)
            waiting += [(first, middle), (middle, end)]
    return lefts, rights
