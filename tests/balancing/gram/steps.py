"""A loop around a Jacobian: linear losses whose gradients are its rows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from torso.balancing import GramBalancer


def step(balancer: GramBalancer, jacobian: Tensor, present: Tensor | None = None) -> Tensor:
    """Take a step with these gradients; return the shared gradient that the balancer leaves.

    Args:
        balancer: with `gram="exact"`.
        jacobian: `[tasks, numbers]`.
        present: bool `[tasks]`.
    """
    shared = nn.Parameter(torch.zeros(jacobian.shape[1], dtype=jacobian.dtype))
    balancer.backward(jacobian @ shared, [shared], present)
    return torch.zeros_like(shared) if shared.grad is None else shared.grad


def used(balancer: GramBalancer) -> Tensor:
    """Return the weights of the newest step."""
    return torch.tensor(list(balancer.task_weights().values()), dtype=torch.float64)


def oracle(name: str) -> type:
    """Return a class of the rival library, or skip."""
    actual: type = getattr(pytest.importorskip("torchjd.aggregation"), name)
    return actual
