"""EMA: any Gram method with weights that move slowly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing._balancer import Balancer
from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.core.ranges import Range
from torso.core.spec import SpecLike

__all__ = ["EMA"]


class EMA(GramBalancer, name="ema"):
    """A running mean of another Gram method's weights.

    The weights are `w_t = beta w_(t-1) + (1 - beta) method(G_t)`.

    From Zhou, Zhang, Jiang, Zhong, Gu, Zhu, NeurIPS 2022, "On the Convergence of Stochastic
    Multi-Objective Gradient Manipulation and Beyond" (https://openreview.net/forum?id=ScwfQ7hdwyP),
    CR-MOGM: weights that follow every batch keep stochastic MGDA and similar methods from converging; a running
    mean does not. Differs: `beta` is constant, where the paper's theory lets it go to one as the learning rate
    falls; the mean starts from a task's first weights; an absent task keeps its mean; if the method's weights
    depend on the gradients' length, the mean is over weights for gradients of length one, scaled to the newest.

    Args:
        method: a Gram method: its name, a mapping with `type` and its settings, or the method itself, made for
            the same tasks.
        beta: weight of the past, from 0 to below 1.
        gram: source of the inner products (see `GramBalancer`); that of `method` is ignored.

    Example:
        >>> EMA(["a", "b"], method="mgda").weights(torch.diag(torch.tensor([1.0, 3.0])))
        tensor([0.7500, 0.2500])
    """

    average: Tensor
    seen: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        method: SpecLike | GramBalancer = "mgda",
        beta: Annotated[float, Range(0.0, 0.99)] = 0.9,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Parameter `beta` should be from 0 to below 1. Found {beta}.")
        inner = (
            method
            if isinstance(method, Balancer)
            else Balancer.registry.build(method, tasks=self.tasks, gram="exact")
        )
        if not isinstance(inner, GramBalancer):
            raise ValueError(
                "Parameter `method` should be a Gram method such as 'mgda' or 'upgrad', whose weights follow from "
                f"inner products. Found {method!r}."
            )
        if inner.tasks != self.tasks:
            raise ValueError(
                f"Parameter `method` should be made for the tasks {list(self.tasks)}. "
                f"Found {list(inner.tasks)}."
            )
        self.method, self.beta = inner, beta
        self.degree = inner.degree  # type: ignore[misc]  # the method's, not the class's
        count = len(self.tasks)
        self.register_buffer("average", torch.zeros(count, dtype=torch.float64))
        self.register_buffer("seen", torch.zeros(count, dtype=torch.bool))

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the mean after one more step."""
        new = self.method.solve(gram, tasks)
        past = self.average.to(gram)[tasks]
        return torch.where(self.seen.cpu()[tasks], self.beta * past + (1 - self.beta) * new, new)

    def update(self, gram: Tensor, tasks: Tensor, /) -> None:
        """Keep the mean, and update the method's state."""
        self.average[tasks] = self.solve(gram, tasks).to(self.average)
        self.seen[tasks] = True
        self.method.losses = self.losses
        self.method.update(gram, tasks)

    def _scaled(self, gram: Tensor) -> tuple[Tensor, Tensor, float]:
        """Scale as the method does."""
        return self.method._scaled(gram)
