"""Parameters of one shape, one per task, kept as rows of one block of memory.

A product over all tasks wants one tensor `[tasks, ...]`. One such parameter would be reached by every task's loss:
gradients, clipping, weight decay and the list of shared parameters would no longer be each task's own. So the
parameters stay separate, and rows of one block of memory give the tensor without a copy. If something moves
them, as sharding over processes does, they are copied together instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

__all__ = ["ParameterRows"]

# From this many numbers on, a copy costs more than a Python node in the graph.
_FREE_FROM = 2**16


class ParameterRows(nn.ParameterList):
    """A list of parameters of one shape that can be read as one tensor.

    Small lists are copied together at each call, which is quicker than a view. So are rows that something
    has moved to other memory, as a deep copy does. The result is the same in each case.

    Args:
        values: the first values, of one shape.
    """

    def __init__(self, values: Iterable[Tensor]) -> None:
        super().__init__(values)
        self._move_into_one_block()

    def listed(self) -> list[Tensor]:
        """Return the parameters in their order."""
        # Iterating over a ParameterList costs a microsecond per parameter.
        return [*self._parameters.values()]  # type: ignore[list-item]

    def stacked(self) -> Tensor:
        """Return `[parameters, ...]`."""
        rows = self.listed()
        if len(rows) == 1:
            return rows[0].unsqueeze(0)
        return _view_of_block(rows) if _worth_a_view(rows) else torch.stack(rows)

    def joined(self) -> Tensor:
        """Return `[parameters * length, ...]`, one parameter below the other."""
        rows = self.listed()
        if len(rows) == 1:
            return rows[0]
        return _view_of_block(rows).flatten(0, 1) if _worth_a_view(rows) else torch.cat(rows)

    def _move_into_one_block(self) -> None:
        rows = self.listed()
        if not rows or _adjacent(rows) or _in_shared_memory(rows[0]):
            return  # memory that processes share must stay where it is
        block = torch.stack([row.detach() for row in rows])
        for parameter, row in zip(rows, block, strict=True):
            parameter.data = row

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._move_into_one_block()
        return self


def _worth_a_view(rows: list[Tensor]) -> bool:
    return len(rows) * rows[0].numel() >= _FREE_FROM and _adjacent(rows)


def _view_of_block(rows: list[Tensor]) -> Tensor:
    block: Tensor = _Block.apply(*rows)  # type: ignore[no-untyped-call]
    return block


class _Block(torch.autograd.Function):
    """The stack of adjacent tensors, without a copy."""

    @staticmethod
    def forward(ctx: FunctionCtx, *rows: Tensor) -> Tensor:  # noqa: ARG004
        first = rows[0]
        strides = (first.numel(), *first.stride())
        return first.as_strided((len(rows), *first.shape), strides, first.storage_offset())

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG004
        return gradient.unbind(0)


def _in_shared_memory(parameter: Tensor) -> bool:
    return parameter.device.type == "cpu" and bool(parameter.is_shared())  # type: ignore[no-untyped-call]


def _adjacent(rows: list[Tensor]) -> bool:
    """Return True if the tensors lie in one block of memory, in their order."""
    if not rows:
        return False
    first, last = rows[0], rows[-1]
    stride, start = first.numel() * first.element_size(), first.data_ptr()
    return (
        first.is_contiguous()
        and first.untyped_storage().data_ptr() == last.untyped_storage().data_ptr()
        and all(row.data_ptr() == start + index * stride for index, row in enumerate(rows))
    )
