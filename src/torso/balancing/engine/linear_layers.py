"""Inner products of the tasks' gradients at linear layers, without those gradients.

A weight that is used as `x @ W.T` has the gradient `d.T @ x`, where the rows `d` are the loss's derivatives
by the layer's outputs. Hence `<d1.T @ x, d2.T @ x> = <d1, (x @ x.T) @ d2>`: with fewer rows than the layer has
inputs this takes a fraction of the arithmetic, and what is kept per task are the rows `d` instead of a
gradient as large as the weight (Goodfellow 2015, https://arxiv.org/abs/1510.01799, for the norms of examples'
gradients). The balanced gradient is one product more, `(sum_k w_k d_k).T @ x`.

The uses are found in autograd's graph, so any module that multiplies by a parameter will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge

__all__ = ["LinearLayer", "linear_layers"]

_PRODUCTS = {"AddmmBackward0": "mat1", "MmBackward0": "self"}
"""Node of a matrix product -> what it calls its left factor; the right one is its last argument."""

_MOVE = 64
"""Multiplications that take as long as writing and reading one number of main memory."""

_BLOCK = 8
"""Tasks whose rows are multiplied by `x @ x.T` at a time."""


class LinearLayer:
    """One weight and all its uses in a graph; their rows are taken together.

    Args:
        weight: the parameter.
        products: the nodes of the products.
        turned: whether they multiply by the transposed weight, as `nn.Linear` does.
        tasks: how many tasks to make room for.
    """

    def __init__(self, weight: Tensor, products: Sequence[Any], turned: bool, tasks: int) -> None:
        self.weight, self.turned = weight, turned
        self.edges = [GradientEdge(node, 0) for node in products]
        left = [_left(node) for node in products]
        x = left[0] if len(left) == 1 else torch.cat(left)  # [rows, inputs]
        self.counts = [len(one) for one in left]
        self.x, self.size = _unit(x.detach())
        outputs = weight.numel() // x.shape[1]
        self.rows = x.new_empty(tasks, len(x), outputs)
        self.sizes = x.new_zeros(tasks, dtype=torch.float64)
        self.reached = False

    def put(self, place: int, derivatives: Sequence[Tensor | None]) -> None:
        """Keep one task's derivatives at the edges."""
        parts = torch.split(self.rows[place], self.counts)
        for part, derivative in zip(parts, derivatives, strict=True):
            if derivative is None:
                part.zero_()
            else:
                part.copy_(derivative)
                self.reached = True
        low, high = self.rows[place].aminmax()
        size = torch.maximum(-low, high)
        extreme = (size > 0) & size.isfinite() & ~((size > 1e-6) & (size < 1e6))
        if bool(extreme):
            self.rows[place] /= size
        self.sizes[place] = torch.where(extreme, size, 1.0)

    def gram(self) -> Tensor:
        """Return `[tasks, tasks]` in float64, whatever the scale."""
        tasks = len(self.rows)
        between = self.x @ self.x.T  # [rows, rows]
        flat = self.rows.flatten(1)
        products = self.sizes.new_empty(tasks, tasks)
        for start in range(0, tasks, _BLOCK):
            block = torch.matmul(between, self.rows[start : start + _BLOCK]).flatten(1)
            found = flat[start:] @ block.T
            products[start:, start : start + _BLOCK] = found
            products[start : start + _BLOCK, start:] = found.T
        return products * (self.size**2 * self.sizes[:, None] * self.sizes)

    def gradient(self, weights: Tensor) -> Tensor:
        """Return the weight's balanced gradient, given `[tasks]` in float64."""
        factors = (weights.to(self.sizes) * self.sizes * self.size).to(self.rows)
        rows = (factors @ self.rows.flatten(1)).view_as(self.rows[0])
        return rows.T @ self.x if self.turned else self.x.T @ rows


def linear_layers(graph: Sequence[Any], tensors: Sequence[Tensor], tasks: int) -> list[LinearLayer]:
    """Return the layers whose gradients are cheaper not to be made.

    A weight qualifies if the graph uses it in matrix products only, always the same way round, and nothing
    hooks into its gradient. Where the saved inputs are packed (checkpointed, or moved elsewhere), to look at
    them is to compute them anew, so the search ends.

    Args:
        graph: all nodes.
        tensors: the shared parameters.
        tasks: number of tasks with a loss.
    """
    uses = _uses(graph, tensors)
    found: list[LinearLayer] = []
    for weight in tensors:
        products, turned = uses.get(id(weight), ([], False))
        if not products or weight.dtype not in (torch.float32, torch.float64):
            continue
        inputs = weight.shape[1 if turned else 0]
        rows = sum(_rows(node) for node in products)
        if not _pays(rows, inputs, weight.numel() // inputs, tasks):
            continue
        once, again = _left(products[0]), _left(products[0])
        if once.data_ptr() != again.data_ptr():
            return found
        found.append(LinearLayer(weight, products, turned, tasks))
    return found


def _uses(graph: Sequence[Any], tensors: Sequence[Tensor]) -> dict[int, tuple[list[Any], bool]]:
    """Return for each weight that is used by products alone: those, and whether it is transposed in them."""
    wanted = {id(one) for one in tensors if one.ndim == 2 and not one._backward_hooks}
    leaves = {n for n in graph if not n.next_functions and id(n.variable) in wanted}
    turns = {
        node: node.next_functions[0][0]
        for node in graph
        if node.name() == "TBackward0" and node.next_functions[0][0] in leaves
    }
    uses: dict[int, tuple[list[Any], bool]] = {}
    spoilt: set[int] = set()
    for node in graph:
        last = len(node.next_functions) - 1
        for place, (parent, _) in enumerate(node.next_functions):
            turned = parent in turns
            leaf = turns[parent] if turned else parent
            if leaf not in leaves or node in turns:
                continue
            weight = id(leaf.variable)
            products, before = uses.setdefault(weight, ([], turned))
            if place != last or before != turned or not _is_product(node):
                spoilt.add(weight)
            else:
                products.append(node)
    return {weight: use for weight, use in uses.items() if weight not in spoilt}


def _is_product(node: Any) -> bool:
    if node.name() not in _PRODUCTS:
        return False
    return bool(node.name() == "MmBackward0" or node._saved_alpha == node._saved_beta == 1)


def _left(node: Any) -> Tensor:
    saved: Tensor = getattr(node, f"_saved_{_PRODUCTS[node.name()]}")
    return saved


def _rows(node: Any) -> int:
    return int(getattr(node, f"_saved_{_PRODUCTS[node.name()]}_sym_sizes")[0])


def _pays(rows: int, inputs: int, outputs: int, tasks: int) -> bool:
    """Count multiplications: without the gradients against with them."""
    weight = inputs * outputs
    without = rows * rows * (inputs + tasks * outputs) + tasks * (tasks + _MOVE) * rows * outputs
    return without + rows * weight < tasks * (rows + tasks + _MOVE) * weight


def _unit(x: Tensor) -> tuple[Tensor, float]:
    """Return `x` with its largest entry brought to one, if that is needed, and what it was divided by."""
    size = float(x.abs().amax()) if x.numel() else 0.0
    if 1e-6 < size < 1e6 or size == 0 or size != size or size == float("inf"):
        return x, 1.0
    return x / size, size
