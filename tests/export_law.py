"""The law of tracing: `torch.export` reads a part, for batches of any size, and the traced part agrees with it.

A part that cannot be traced says why in its class attribute `not_exportable`; then tracing must fail, so that
no reason outlives its cause.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

__all__ = ["assert_exports"]


def assert_exports(part: nn.Module, *inputs: Any, reason: str = "", atol: float = 1e-5) -> None:
    """Trace `part` in evaluation mode and compare it on a batch twice as large.

    Args:
        part: any module, in float32; all tensors that it is given and returns have the batch as first axis.
        inputs: positional arguments: tensors, `Tokens`, `Features`, and mappings of them.
        reason: why tracing fails; empty where it works.
        atol: largest difference of an output.
    """
    part.eval()
    if reason:
        with pytest.raises(Exception, match=r".*"):  # each obstacle raises its own kind
            _export(part, inputs)
        return
    traced = _export(part, inputs)
    doubled = pytree.tree_map(lambda x: torch.cat([x, x.flip(0)]), inputs)
    with torch.no_grad():
        found, expected = traced(*doubled), part(*doubled)
    assert pytree.tree_structure(found) == pytree.tree_structure(expected)
    for one, two in zip(pytree.tree_leaves(found), pytree.tree_leaves(expected), strict=True):
        torch.testing.assert_close(one, two, rtol=0.0, atol=atol, equal_nan=True)


def _export(part: nn.Module, inputs: tuple[Any, ...]) -> nn.Module:
    batch = torch.export.Dim("batch")
    sizes = pytree.tree_map(lambda x: {0: batch} if isinstance(x, Tensor) else None, inputs)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing, about what it leaves out
        return torch.export.export(part, inputs, dynamic_shapes=_plain(sizes), strict=False).module()
