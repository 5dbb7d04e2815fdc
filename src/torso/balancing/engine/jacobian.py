"""The tasks' gradients as the rows of one matrix, and their inner products at any scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

__all__ = ["Jacobian", "accumulate", "gram", "wide_type"]

_COLUMNS = 1 << 15
"""Columns that are multiplied at a time: they fit in a core's cache, and their sums are added in float64."""


class Jacobian:
    """One row per task: the gradients of all tensors side by side, in float32 or wider.

    Args:
        tensors: the tensors that the gradients belong to.
        count: number of rows.
        device: device of the matrix.
        space: an earlier matrix to overwrite, since fresh memory costs more than the writing.
    """

    def __init__(
        self,
        tensors: Sequence[Tensor],
        count: int,
        device: torch.device,
        space: Tensor | None = None,
    ) -> None:
        self.tensors = tensors
        self.lengths = [tensor.numel() for tensor in tensors]
        dtype = wide_type(tensors)
        shape = (count, sum(self.lengths))
        if space is None or (space.shape, space.dtype, space.device) != (shape, dtype, device):
            space = torch.empty(shape, dtype=dtype, device=device)
        self.matrix = space
        self.reached = [False] * len(tensors)

    def put(self, row: int, gradients: Sequence[Tensor | None]) -> None:
        """Write one row; None stands for zeros."""
        parts = torch.split(self.matrix[row], self.lengths)
        for index, (part, gradient) in enumerate(zip(parts, gradients, strict=True)):
            if gradient is None:
                part.zero_()
            else:
                part.view(gradient.shape).copy_(gradient.to_dense())
                self.reached[index] = True

    def add(self, direction: Tensor) -> None:
        """Add `direction` `[numbers]` to the `.grad` of the tensors that any task reaches."""
        for tensor, part, reached in zip(
            self.tensors, torch.split(direction, self.lengths), self.reached, strict=True
        ):
            if reached:
                accumulate(tensor, part.view(tensor.shape).clone())

    def add_weighted(self, weights: Tensor) -> None:
        """Add `weights @ matrix` to the tensors' `.grad`."""
        weights = weights.to(self.matrix)
        blocks = torch.split(self.matrix, self.lengths, dim=1)
        for tensor, block, reached in zip(self.tensors, blocks, self.reached, strict=True):
            if reached:
                accumulate(tensor, (weights @ block).view(tensor.shape))


def gram(matrix: Tensor) -> Tensor:
    """Return `matrix @ matrix.T` `[rows, rows]` in float64, for rows of any scale."""
    products = _products(matrix)
    squares = products.diagonal()
    # Squares of small float32 numbers vanish and those of large ones overflow: rows of such a size are
    # divided by their largest entry first.
    if bool(((squares > 1e-24) & (squares < 1e30)).all()):
        return products
    largest = matrix.abs().amax(dim=1, keepdim=True) if matrix.shape[1] else products[:, :1]
    sizes = torch.where((largest > 0) & largest.isfinite(), largest, 1.0)
    wide = sizes.double()
    return _products(matrix / sizes) * wide * wide.T


def wide_type(tensors: Sequence[Tensor]) -> torch.dtype:
    """Return the dtype that holds all tensors' numbers, float32 or wider."""
    return reduce(torch.promote_types, (tensor.dtype for tensor in tensors), torch.float32)


def accumulate(tensor: Tensor, gradient: Tensor) -> None:
    """Add to `tensor.grad` as autograd does. The caller gives `gradient` away."""
    if tensor.grad is None:
        tensor.grad = gradient.to(tensor.dtype)
    else:
        tensor.grad += gradient


def _products(matrix: Tensor) -> Tensor:
    total = torch.zeros(len(matrix), len(matrix), dtype=torch.float64, device=matrix.device)
    for block in torch.split(matrix, _COLUMNS, dim=1):
        total += block @ block.T
    return total
