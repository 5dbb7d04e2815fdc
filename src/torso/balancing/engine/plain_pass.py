"""A plain backward pass to chosen parameters, in one process or averaged over several."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch import distributed as dist

from torso.balancing.engine.jacobian import accumulate
from torso.balancing.engine.ranks import average

__all__ = ["add_gradients"]


def add_gradients(
    scalar: Tensor,
    parameters: Sequence[Tensor],
    *,
    keep_graph: bool = False,
    group: dist.ProcessGroup | None = None,
) -> None:
    """Add the gradient of `scalar` to the parameters' `.grad`.

    Args:
        scalar: with its graph.
        parameters: those that require no gradient are left out.
        keep_graph: keep the graph for another pass.
        group: processes to average over; None for this process alone.
    """
    wanted = [parameter for parameter in parameters if parameter.requires_grad]
    if not wanted:
        return
    if group is None:
        torch.autograd.backward(scalar, inputs=wanted, retain_graph=keep_graph)
        return
    gradients = torch.autograd.grad(scalar, wanted, retain_graph=keep_graph, allow_unused=True)
    # A parameter unused here may be used in another process, so it sends zeros.
    averaged = [
        torch.zeros_like(parameter) if gradient is None else gradient.clone()
        for parameter, gradient in zip(wanted, gradients, strict=True)
    ]
    average(averaged, group)
    for parameter, gradient in zip(wanted, averaged, strict=True):
        accumulate(parameter, gradient)
