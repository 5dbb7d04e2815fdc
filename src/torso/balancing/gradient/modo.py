"""MoDo: one projected gradient step of the weights per batch, from two batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from torch import Tensor

from torso.balancing._simplex import onto_simplex
from torso.balancing.gradient._double_sampling import DoubleSampling
from torso.core.ranges import Limits, Range

__all__ = ["MoDo"]


class MoDo(DoubleSampling, name="modo"):
    """Approaches MGDA's direction by one unbiased step of the weights per batch.

    `lambda <- P(lambda - gamma (G1 G2' + rho I) lambda)`, P the projection on the simplex.

    From Chen, Fernando, Ying, Chen, NeurIPS 2023 and JMLR 2024, "Three-Way Trade-Off in Multi-Objective Learning:
    Optimization, Generalization and Conflict-Avoidance" (https://arxiv.org/abs/2305.20057), algorithm 1. The
    gradient weighted by lambda approaches MGDA's, the shortest one, without the bias from noise. Differs: the
    independent batches are consecutive steps (see `DoubleSampling`), where the authors draw two or three in a step.

    `gamma` multiplies inner products of unscaled gradients: gradients ten times as large need a `gamma` a hundred
    times smaller.

    Args:
        gamma: step size of the weights.
        rho: pull towards equal weights.
    """

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        gamma: Annotated[float, Range(1e-4, 1.0, log=True), Limits(0, 1e300)] = 0.1,
        rho: Annotated[float, Range(0.0, 1.0)] = 0.0,
    ) -> None:
        super().__init__(tasks)
        if not gamma > 0:
            raise ValueError(f"Parameter `gamma` should be positive. Found {gamma}.")
        if not rho >= 0:
            raise ValueError(f"Parameter `rho` should not be negative. Found {rho}.")
        self.gamma = gamma
        self.rho = rho

    @classmethod
    def settings_at_scale(cls, scale: float) -> dict[str, float]:
        """Return the `gamma` for gradients `scale` times as large: it acts on their products."""
        return {"gamma": 0.1 / scale**2}

    def advance(self, products: Tensor, weights: Tensor, /) -> Tensor:
        """Return the weights after one projected step."""
        return onto_simplex(weights - self.gamma * (products @ weights + self.rho * weights))
