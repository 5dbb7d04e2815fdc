"""A plain backward pass to chosen parameters, of one process or averaged over several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from torso.balancing.engine.jacobian import accumulate
from torso.balancing.engine.ranks import average

__all__ = ["add_gradients"]


def add_gradients(
    scalar: Tensor,
    parameters: Sequence[nn.Parameter],
    *,
    keep_graph: bool = False,
    group: Any = None,
) -> None:
    """Add the gradient of `scalar` to the parameters' `.grad`.

    Args:
        scalar: with its graph.
        parameters: those that require a gradient; others are left out.
        keep_graph: whether another pass follows.
        group: processes whose mean is added; None for this process alone.
    """
    wanted = [one for one in parameters if one.requires_grad]
    if not wanted:
        return
    if group is None:
        torch.autograd.backward(scalar, inputs=wanted, retain_graph=keep_graph)
        return
    gradients = torch.autograd.grad(scalar, wanted, retain_graph=keep_graph, allow_unused=True)
    found = [
        torch.zeros_like(one) if gradient is None else gradient.clone()
        for one, gradient in zip(wanted, gradients, strict=True)
    ]
    average(found, group)
    for one, gradient in zip(wanted, found, strict=True):
        accumulate(one, gradient)
