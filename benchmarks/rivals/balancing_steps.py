"""One training step of each rival of `torso.balancing`, on the same body and heads.

Every function returns `backward(features, losses)`, which leaves gradients in `.grad`, or raises `Skip` with
the reason. Torso never imports these packages. torchjd comes with the development extra; its UPGrad
needs `pip install qpsolvers quadprog` besides (GPL, so never among our own dependencies). LibMTL's only
release, 1.1.5, imports `torchvision.models.utils`, which current torchvision does not have, so it cannot be run
beside a current torch; it holds neither UPGrad nor Nash-MTL, and its CAGrad is written for three tasks.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Backward = Callable[[Tensor, list[Tensor]], None]


class Skip(Exception):
    """This rival cannot run here; the message says why."""


def torchjd_autojac(body: nn.Module, chunk: int | None) -> Backward:
    """UPGrad from the Jacobian: `mtl_backward`, then `jac_to_grad`; batched by vmap unless `chunk` is 1."""
    try:
        from torchjd.aggregation import UPGrad
        from torchjd.autojac import jac_to_grad, mtl_backward

        aggregator, shared = UPGrad(), list(body.parameters())
    except ImportError as error:
        raise Skip(str(error)) from error

    def backward(features: Tensor, losses: list[Tensor]) -> None:
        mtl_backward(losses, features, parallel_chunk_size=chunk)
        jac_to_grad(shared, aggregator)

    return backward


def torchjd_autogram(body: nn.Module) -> Backward:
    """UPGrad from the Gramian of the body's layers, then one weighted backward pass."""
    try:
        from torchjd.aggregation import UPGradWeighting
        from torchjd.autogram import Engine

        from torso.balancing.engine.graph import own_parameters

        weighting = UPGradWeighting()
    except ImportError as error:
        raise Skip(str(error)) from error
    engine, shared = Engine(body, batch_dim=None), list(body.parameters())

    def backward(features: Tensor, losses: list[Tensor]) -> None:
        del features
        stacked = torch.stack(losses)
        weights = weighting(engine.compute_gramian(stacked))
        stacked.sum().backward(retain_graph=True, inputs=own_parameters(stacked, shared))
        (stacked * weights).sum().backward(inputs=shared)

    return backward
