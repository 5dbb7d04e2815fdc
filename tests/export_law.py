"""The law of tracing: `torch.export` reads a part for batches of any size, and the traced part agrees with it.

A part that cannot be traced says why in its class attribute `not_exportable`. Tracing must then fail, so that
no reason outlives its cause.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils import _pytree as pytree

__all__ = ["assert_exports"]


def assert_exports(
    part: nn.Module, *inputs: Any, reason: str = "", eager: nn.Module | None = None
) -> None:
    """Trace `part` in evaluation mode, and compare it on a batch twice as large.

    Args:
        part: a module in float32. The batch is the first axis of all tensors that it is given and returns.
        inputs: its positional arguments: tensors, `Tokens`, `Features`, and mappings of them.
        reason: why it cannot be traced; empty if it can.
        eager: what it is compared with; by default itself.
    """
    part.eval()
    eager = part if eager is None else eager.eval()
    if reason:
        with pytest.raises(Exception):  # noqa: B017 (every obstacle raises an error of its own kind)
            _traced(part, inputs)
        return
    traced = _traced(part, inputs)
    twice = pytree.tree_map(lambda leaf: torch.cat([leaf, leaf.flip(0)]), inputs)
    with torch.no_grad():
        given, expected = traced(*twice), eager(*twice)
    torch.testing.assert_close(
        pytree.tree_leaves(given), pytree.tree_leaves(expected), rtol=0.0, atol=1e-5, equal_nan=True
    )


def _traced(part: nn.Module, inputs: tuple[Any, ...]) -> nn.Module:
    sizes, batch = torch.export.ShapesCollection(), {0: torch.export.Dim("batch")}
    for leaf in pytree.tree_leaves(inputs):
        sizes[leaf] = batch
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of what it leaves out
        program = torch.export.export(part, inputs, dynamic_shapes=sizes, strict=False)
    return program.module()
