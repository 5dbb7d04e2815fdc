"""ExcessMTL: more weight for tasks with a larger estimated excess risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.gradient._gradient_balancer import GradientBalancer
from torso.balancing.gradient._row_memory import RowMemory
from torso.core.ranges import Range

__all__ = ["ExcessMTL"]


class ExcessMTL(GradientBalancer, name="excess_mtl"):
    """Weights that grow with the tasks' estimated excess risks.

    `sum_i w_i g_i` with weights that grow with the tasks' estimated excess risks.

    From He, Zhou, Zhang, Yun, Xu, Zeng, Chilimbi, Zhao, ICML 2024, "Robust Multi-Task Learning with Excess Risks"
    (https://arxiv.org/abs/2402.02009). The excess risk, the distance of the loss from its best value, is estimated
    by `E = g' H^-1 g`, with H the diagonal matrix of the roots of the sums of all squared gradients so far. E is
    divided by its value at the start; `w <- w exp(step_size E)`, scaled to the sum of one. A noisy task with a loss
    that cannot fall has a large loss, but a small E. It takes the memory of one more Jacobian, tasks x shared
    parameters.

    Differs: nothing is added to the sums (the authors add 1e-7), so that the scale of a task's gradient does not
    matter; the weights sum to one, in the authors' code to the number of tasks.

    Args:
        step_size: step size of the weights' logarithms.
        warmup: steps of equal weights at the start, over which the first value of E is averaged; 1 in the
            authors' code, three epochs in their appendix C.1.
    """

    logarithms: Tensor
    steps: Tensor
    start: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        step_size: Annotated[float, Range(1e-4, 1.0, log=True)] = 0.01,
        warmup: Annotated[int, Range(1, 1000, log=True)] = 1,
    ) -> None:
        super().__init__(tasks)
        if not step_size > 0:
            raise ValueError(f"Parameter `step_size` should be positive. Found {step_size}.")
        if warmup < 1:
            raise ValueError(f"Parameter `warmup` should be at least 1. Found {warmup}.")
        self.step_size = step_size
        self.warmup = warmup
        count = len(self.tasks)
        self.roots = RowMemory(count)  # of the sums of squares
        self.register_buffer("logarithms", torch.zeros(count, dtype=torch.float64))
        self.register_buffer("steps", torch.zeros(count, dtype=torch.int64))
        self.register_buffer("start", torch.zeros(count, dtype=torch.float64))

    def combine(self, jacobian: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weighted sum of the rows."""
        excess = self._excess(jacobian, self._roots(jacobian, tasks))
        return self._logarithms(excess, tasks).softmax(0).to(jacobian) @ jacobian

    def update(self, jacobian: Tensor, tasks: Tensor, losses: Tensor, /) -> None:
        """Add these rows to the sums, and move the weights."""
        del losses
        roots = self._roots(jacobian, tasks)
        excess = self._excess(jacobian, roots)
        self.logarithms[tasks] = self._logarithms(excess, tasks)
        self.start[tasks] += torch.where(self.steps[tasks] < self.warmup, excess, 0.0)
        self.steps[tasks] += 1
        self.roots.put(tasks, roots)

    def _roots(self, jacobian: Tensor, tasks: Tensor) -> Tensor:
        return torch.hypot(self.roots.get(tasks, jacobian), jacobian)

    def _excess(self, jacobian: Tensor, roots: Tensor) -> Tensor:
        """Return the estimates `[k]`."""
        share = (jacobian / roots).nan_to_num(nan=0.0)  # 0 / 0: this number never had a gradient
        return (jacobian * share).sum(dim=1, dtype=torch.float64).to(self.start)

    def _logarithms(self, excess: Tensor, tasks: Tensor) -> Tensor:
        """Return the new logarithms of the weights; these tasks keep their former sum of weights."""
        old = self.logarithms[tasks]
        start = self.start[tasks] / self.warmup
        warm = self.steps[tasks] >= self.warmup
        new = old + self.step_size * torch.where(warm, excess / start, 1.0)
        return new - new.logsumexp(0) + old.logsumexp(0)

    def task_weights(self) -> dict[str, float]:
        """Return the weights as of the newest step."""
        return dict(zip(self.tasks, self.logarithms.softmax(0).tolist(), strict=True))
