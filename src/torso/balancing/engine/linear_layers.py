"""Inner products of the tasks' gradients at linear layers, without computing the gradients.

A weight used as `x @ W.T` has the gradient `d.T @ x`, where the rows `d` are the derivatives of the loss by the
layer's outputs. Hence `<d1.T @ x, d2.T @ x> = <d1, (x @ x.T) @ d2>`. With fewer rows than inputs this takes a
fraction of the arithmetic, and keeps the rows `d` per task instead of a gradient as large as the weight. The
balanced gradient is one more product, `(sum_k w_k d_k).T @ x`.

From Goodfellow 2015 (https://arxiv.org/abs/1510.01799), the norms of examples' gradients. Differs: inner products of
tasks' gradients. The products are found in autograd's graph, so any module that multiplies by a parameter
profits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, Node

from torso.balancing.engine.graph import leaf

__all__ = ["LinearLayer", "linear_layers"]

_PRODUCTS = {"AddmmBackward0": "mat1", "MmBackward0": "self"}
"""Node of a matrix product -> its name for the left factor; the right factor is its last argument."""

_MOVE = 64
"""Cost of writing and reading one number of main memory, in multiplications."""

_BLOCK = 8
"""Tasks whose rows are multiplied by `x @ x.T` at a time."""


class LinearLayer:
    """One weight and all its uses in a graph, with their rows concatenated.

    Args:
        weight: the parameter.
        products: nodes of the matrix products with it.
        transposed: True if they multiply by the transposed weight, as `nn.Linear` does.
        tasks: number of tasks.
    """

    def __init__(
        self, weight: Tensor, products: Sequence[Node], transposed: bool, tasks: int
    ) -> None:
        self.weight, self.transposed = weight, transposed
        self.edges = [GradientEdge(node, 0) for node in products]
        left = [_left(node) for node in products]
        x = left[0] if len(left) == 1 else torch.cat(left)  # [rows, inputs]
        self.counts = [len(factor) for factor in left]
        self.x, self.size = _unit(x.detach())
        outputs = weight.numel() // x.shape[1]
        self.rows = x.new_empty(tasks, len(x), outputs)
        self.sizes = x.new_zeros(tasks, dtype=torch.float64)
        self.reached = False

    def put(self, task: int, derivatives: Sequence[Tensor | None]) -> None:
        """Keep one task's derivatives by the layer's outputs; None stands for zeros."""
        parts = torch.split(self.rows[task], self.counts)
        for part, derivative in zip(parts, derivatives, strict=True):
            if derivative is None:
                part.zero_()
            else:
                part.copy_(derivative)
                self.reached = True
        # Products of tiny or huge rows would vanish or overflow in float32.
        low, high = self.rows[task].aminmax()
        size = torch.maximum(-low, high)
        extreme = (size > 0) & size.isfinite() & ~((size > 1e-6) & (size < 1e6))
        if bool(extreme):
            self.rows[task] /= size
        self.sizes[task] = torch.where(extreme, size, 1.0)

    def gram(self) -> Tensor:
        """Return the inner products `[tasks, tasks]` in float64, at any scale."""
        tasks = len(self.rows)
        inputs = self.x @ self.x.T  # [rows, rows]
        flat = self.rows.flatten(1)
        products = self.sizes.new_empty(tasks, tasks)
        for start in range(0, tasks, _BLOCK):
            block = torch.matmul(inputs, self.rows[start : start + _BLOCK]).flatten(1)
            part = flat[start:] @ block.T
            products[start:, start : start + _BLOCK] = part
            products[start : start + _BLOCK, start:] = part.T
        return products * (self.size**2 * self.sizes[:, None] * self.sizes)

    def gradient(self, weights: Tensor) -> Tensor:
        """Return the weighted sum of the tasks' gradients, given float64 `weights` `[tasks]`."""
        factors = (weights.to(self.sizes) * self.sizes * self.size).to(self.rows)
        rows = (factors @ self.rows.flatten(1)).view_as(self.rows[0])
        return rows.T @ self.x if self.transposed else self.x.T @ rows


def linear_layers(
    graph: Sequence[Node], tensors: Sequence[Tensor], tasks: int
) -> list[LinearLayer]:
    """Return the layers whose inner products are cheaper without the gradients.

    A weight qualifies if the graph uses it in matrix products only, always in the same orientation, and nothing
    hooks into its gradient.

    Args:
        graph: all nodes.
        tensors: the shared parameters.
        tasks: number of tasks with a loss.
    """
    uses = _uses(graph, tensors)
    layers: list[LinearLayer] = []
    for weight in tensors:
        products, transposed = uses.get(id(weight), ([], False))
        if not products or weight.dtype not in (torch.float32, torch.float64):
            continue
        inputs = weight.shape[1 if transposed else 0]
        rows = sum(_rows(node) for node in products)
        if not _pays(rows, inputs, weight.numel() // inputs, tasks):
            continue
        # Inputs that differ between two readings are unpacked each time (checkpointed, or moved elsewhere):
        # reading them computes them anew, so the search ends.
        first, second = _left(products[0]), _left(products[0])
        if first.data_ptr() != second.data_ptr():
            return layers
        layers.append(LinearLayer(weight, products, transposed, tasks))
    return layers


def _uses(graph: Sequence[Node], tensors: Sequence[Tensor]) -> dict[int, tuple[list[Node], bool]]:
    """Return id of a weight -> the products that use it, and True if it is transposed in them.

    A weight that anything but a product uses is left out.
    """
    wanted = {id(weight) for weight in tensors if weight.ndim == 2 and not weight._backward_hooks}
    leaves: dict[Node | None, int] = {
        node: id(leaf(node)) for node in graph if id(leaf(node)) in wanted
    }
    transposes: dict[Node | None, Node | None] = {
        node: node.next_functions[0][0]
        for node in graph
        if node.name() == "TBackward0" and node.next_functions[0][0] in leaves
    }
    uses: dict[int, tuple[list[Node], bool]] = {}
    spoilt: set[int] = set()
    for node in graph:
        last = len(node.next_functions) - 1
        for argument, (parent, _) in enumerate(node.next_functions):
            transposed = parent in transposes
            source = transposes.get(parent, parent)
            if source not in leaves or node in transposes:
                continue
            weight = leaves[source]
            products, before = uses.setdefault(weight, ([], transposed))
            if argument != last or before != transposed or not _is_product(node):
                spoilt.add(weight)
            else:
                products.append(node)
    return {weight: use for weight, use in uses.items() if weight not in spoilt}


def _is_product(node: Node) -> bool:
    if node.name() not in _PRODUCTS:
        return False
    return node.name() == "MmBackward0" or bool(_saved(node, "alpha") == _saved(node, "beta") == 1)


def _left(node: Node) -> Tensor:
    factor: Tensor = _saved(node, _PRODUCTS[node.name()])
    return factor


def _rows(node: Node) -> int:
    return int(_saved(node, f"{_PRODUCTS[node.name()]}_sym_sizes")[0])


def _saved(node: Node, name: str) -> Any:
    """Return a value that the node keeps for its backward pass: a tensor, a number or a shape."""
    return getattr(node, f"_saved_{name}")


def _pays(rows: int, inputs: int, outputs: int, tasks: int) -> bool:
    """Return True if the inner products take fewer multiplications without the gradients."""
    weight = inputs * outputs
    without = rows * rows * (inputs + tasks * outputs) + tasks * (tasks + _MOVE) * rows * outputs
    return without + rows * weight < tasks * (rows + tasks + _MOVE) * weight


def _unit(x: Tensor) -> tuple[Tensor, float]:
    """Return `x`, divided by its largest entry if that is extreme, and the divisor."""
    size = float(x.abs().amax()) if x.numel() else 0.0
    if 1e-6 < size < 1e6 or size == 0 or size != size or size == float("inf"):
        return x, 1.0
    return x / size, size
