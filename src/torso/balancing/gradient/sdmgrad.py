"""SDMGrad: a common descent direction, kept near the mean gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing._simplex import onto_simplex
from torso.balancing.gradient._double_sampling import DoubleSampling
from torso.core.ranges import Range

__all__ = ["SDMGrad"]


class SDMGrad(DoubleSampling, name="sdmgrad"):
    """Approaches MGDA's direction by stochastic steps, kept near the mean gradient.

    `(g_w + c g_0) / (1 + c)`, with the mean gradient `g_0` and `w` that shortens `g_w + c g_0`.

    From Xiao, Ban, Ji, NeurIPS 2023, "Direction-oriented Multi-objective Learning: Simple and Provable Stochastic
    Algorithms" (https://arxiv.org/abs/2305.18409), algorithm 1; c is their lambda. With c = 0 it is MGDA by stochastic
    steps, with a large c plain averaging. Each batch moves w by `iterations` steps of projected descent with
    momentum. As in the authors' code, the inner products are divided by the square of the tasks' mean gradient
    length, so that `lr` means the same at any scale.

    Differs: the independent batches are consecutive steps (see `DoubleSampling`), where the authors draw three in
    a step. The length is estimated from two batches; if no task's two gradients agree, it is unknown and w stays,
    where the authors' code divides by 1e-8.

    Args:
        towards_mean: c, the pull towards the mean gradient.
        lr: step size of w.
        momentum: momentum of these steps; starts anew with each batch.
        iterations: steps per batch.
    """

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        towards_mean: Annotated[float, Range(0.0, 10.0)] = 0.3,
        lr: Annotated[float, Range(0.1, 100.0, log=True)] = 10.0,
        momentum: Annotated[float, Range(0.0, 0.9)] = 0.5,
        iterations: Annotated[int, Range(1, 100, log=True)] = 20,
    ) -> None:
        super().__init__(tasks)
        if not towards_mean >= 0:
            raise ValueError(
                f"Parameter `towards_mean` should not be negative. Found {towards_mean}."
            )
        if not lr > 0:
            raise ValueError(f"Parameter `lr` should be positive. Found {lr}.")
        if not 0 <= momentum < 1:
            raise ValueError(
                f"Parameter `momentum` should be at least 0 and below 1. Found {momentum}."
            )
        if iterations < 1:
            raise ValueError(f"Parameter `iterations` should be at least 1. Found {iterations}.")
        self.towards_mean = towards_mean
        self.lr = lr
        self.momentum = momentum
        self.iterations = iterations

    def advance(self, products: Tensor, weights: Tensor, /) -> Tensor:
        """Return the weights after some steps on `|g_w + c g_0|`."""
        length = products.diagonal().clamp(min=0.0).sqrt().mean()
        if not length > 0:
            return weights
        products = products / length.square()
        velocity = torch.zeros_like(weights)
        for _ in range(self.iterations):
            with_mean = weights + self.towards_mean / len(weights)
            velocity = self.momentum * velocity + products @ with_mean
            weights = onto_simplex(weights - self.lr * velocity)
        return weights

    def weigh(self, weights: Tensor, /) -> Tensor:
        """Return the factors of the gradients, of sum one."""
        return (weights + self.towards_mean / len(weights)) / (1.0 + self.towards_mean)
