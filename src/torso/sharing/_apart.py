"""Parameters of one shape, one for each task, that lie side by side in memory: a product over all needs no copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

import torch
from torch import Tensor, nn

__all__ = ["Apart"]

_LARGE = 2**16
"""Numbers that cost more to copy than a node of Python's in the graph."""


class Apart(nn.ParameterList):
    """A list of parameters of one shape, of which `stacked` is one tensor.

    What different tasks own must be different parameters, or one task's gradient would be filed under another's.
    They are rows of one block of memory, so that stacking them is free. Few numbers are copied together at each
    call, which is quicker, and so are those that something has moved apart, as a deep copy does: with the same result.

    Args:
        values: the first values, of one shape.
    """

    def __init__(self, values: Iterable[Tensor]) -> None:
        super().__init__(values)
        self._settle()

    def listed(self) -> list[Tensor]:
        """Return the parameters in their order; iterating costs a microsecond for each."""
        return [*self._parameters.values()]  # type: ignore[list-item]

    def stacked(self) -> Tensor:
        """Return `[parameters, ...]`."""
        many = self.listed()
        if len(many) == 1:
            return many[0].unsqueeze(0)
        return _block(many) if _free(many) else torch.stack(many)

    def joined(self) -> Tensor:
        """Return `[parameters * length, ...]`, one below the other."""
        many = self.listed()
        if len(many) == 1:
            return many[0]
        return _block(many).flatten(0, 1) if _free(many) else torch.cat(many)

    def _settle(self) -> None:
        many = self.listed()
        if not many or _side_by_side(many) or _between_processes(many[0]):
            return  # memory that processes share stays where it is
        for one, row in zip(many, torch.stack([one.detach() for one in many]), strict=True):
            one.data = row

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._settle()
        return self


def _free(many: list[Tensor]) -> bool:
    """Return whether to read the parameters where they are."""
    return len(many) * many[0].numel() >= _LARGE and _side_by_side(many)


def _block(many: list[Tensor]) -> Tensor:
    block: Tensor = _Block.apply(*many)  # type: ignore[no-untyped-call]
    return block


class _Block(torch.autograd.Function):
    """The stack of tensors that lie side by side, without a copy."""

    @staticmethod
    def forward(ctx: Any, *many: Tensor) -> Tensor:  # noqa: ARG004
        first = many[0]
        strides = (first.numel(), *first.stride())
        return first.as_strided((len(many), *first.shape), strides, first.storage_offset())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG004
        return gradient.unbind(0)


def _between_processes(one: Tensor) -> bool:
    return one.device.type == "cpu" and bool(one.is_shared())  # type: ignore[no-untyped-call]


def _side_by_side(many: list[Tensor]) -> bool:
    """Return whether the tensors are rows of one block of memory, in their order."""
    if not many:
        return False
    first, last = many[0], many[-1]
    step, start = first.numel() * first.element_size(), first.data_ptr()
    return (
        first.is_contiguous()
        and first.untyped_storage().data_ptr() == last.untyped_storage().data_ptr()
        and all(one.data_ptr() == start + place * step for place, one in enumerate(many))
    )
