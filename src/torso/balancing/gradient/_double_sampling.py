"""Weights on the simplex that learn from two independent batches, so that their gradient is unbiased."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from torso.balancing.gradient._gradient_balancer import GradientBalancer
from torso.balancing.gradient._inner_products import inner_products
from torso.balancing.gradient._row_memory import RowMemory

__all__ = ["DoubleSampling"]


class DoubleSampling(GradientBalancer):
    """A balancer with weights that step along the inner products of two batches' gradients.

    `G G'` from one batch holds the square of that batch's noise: it is biased, most of all on the diagonal. With
    two independent batches the noise averages out. The two are this step's and the last one's, so a step costs
    one Jacobian instead of two or three; the parameters have moved one step in between. A step's direction uses
    weights from the batches before it, independent of both like the papers' third sample.

    An absent task keeps its weight and its last gradient; the others share their sum of weights. It takes the
    memory of one more Jacobian, tasks x shared parameters.

    Attributes:
        weights: `[tasks]`, uniform at first.
        previous: the tasks' newest gradients.
    """

    weights: Tensor

    def __init__(self, tasks: Sequence[str] | int) -> None:
        super().__init__(tasks)
        count = len(self.tasks)
        self.register_buffer("weights", torch.full((count,), 1.0 / count, dtype=torch.float64))
        self.previous = RowMemory(count)

    @abstractmethod
    def advance(self, products: Tensor, weights: Tensor, /) -> Tensor:
        """Return new weights on the simplex.

        Args:
            products: float64 `[k, k]`, inner products of task i's last gradient and task j's newest.
            weights: float64 `[k]`, not negative, of sum one.
        """

    def weigh(self, weights: Tensor, /) -> Tensor:
        """Return the gradients' factors, given the weights `[k]` of sum one. Default: the weights."""
        return weights

    def combine(self, jacobian: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weighted sum of the rows."""
        weights, _ = self._of(tasks)
        return self.weigh(weights).to(jacobian) @ jacobian

    def update(self, jacobian: Tensor, tasks: Tensor, losses: Tensor, /) -> None:
        """Move the weights of the tasks with a known last gradient, and remember the new gradients."""
        del losses
        previous = self.previous.get(tasks, jacobian)
        known = previous.any(dim=1).cpu()
        if bool(known.any()):
            seen_twice = tasks[known]
            weights, mass = self._of(seen_twice)
            new = self.advance(inner_products(previous[known], jacobian[known]), weights)
            self.weights[seen_twice] = (mass * new).to(self.weights)
        self.previous.put(tasks, jacobian)

    def _of(self, tasks: Tensor) -> tuple[Tensor, Tensor]:
        """Return these tasks' weights, scaled to the sum of one, and their sum before."""
        weights = self.weights[tasks].double().cpu()
        mass = weights.sum()
        if not mass > 0:
            weights = torch.ones_like(weights)
            mass = weights.sum() / len(self.tasks)
        return weights / weights.sum(), mass

    def task_weights(self) -> dict[str, float]:
        """Return the factors for the next batch with labels for every task."""
        return dict(zip(self.tasks, self.weigh(self.weights).tolist(), strict=True))
