"""GO4Align: tasks with similar progress form a group and share its weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from torso.balancing.loss._positive import PositiveBalancer
from torso.core.ranges import Range

__all__ = ["GO4Align"]


class GO4Align(PositiveBalancer, name="go4align"):
    """Groups tasks with similar risks; each group shares one weight.

    `sum_k c_g(k) L_k`, with c the centres of K-means groups of the indicators `p_k sum_j L_j / L_k`.

    From Shen, Wang, Xiao, van Noord, Worring, NeurIPS 2024, "GO4Align: Group Optimization for Multi-Task Alignment"
    (https://arxiv.org/abs/2404.06486). In every step `p_k` is multiplied by `exp(-step_size L_k)` and normalised, so
    that it keeps the history of the task's risk; the rest of the indicator makes losses of any size comparable. No
    gradient flows through the weights. Differs: the authors' K-means starts at random; on a line the best grouping
    is found exactly, and it does not depend on the order of the tasks. A task without labels in the batch keeps
    its p and is in no group.

    Args:
        groups: number of groups; if it exceeds the tasks of a batch, each task is a group.
        step_size: step size of the logarithm of p.
    """

    log_risk: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        groups: Annotated[int, Range(1, 8)] = 2,
        step_size: Annotated[float, Range(1e-5, 1e-1, log=True)] = 1e-4,
        shift: bool = False,
    ) -> None:
        super().__init__(tasks, shift=shift)
        if groups < 1:
            raise ValueError(f"Parameter `groups` should be at least 1. Found {groups}.")
        if not 0.0 <= step_size < float("inf"):
            raise ValueError(
                f"Parameter `step_size` should be finite and not negative. Found {step_size}."
            )
        self.groups = groups
        self.step_size = step_size
        self.register_buffer("log_risk", torch.zeros(len(self.tasks)))

    def scalar(self, losses: Tensor, tasks: Tensor, bound: Tensor, /) -> Tensor:
        """Return the sum of the losses, weighted by their groups' centres."""
        del bound
        risk = self._moved(losses.detach(), tasks).softmax(0).cpu().numpy()
        sizes = losses.detach().cpu().numpy().astype(np.float64)
        indicators = risk * sizes.sum() / sizes
        weights = torch.from_numpy(group_means(indicators, self.groups))
        return (weights.to(losses) * losses).sum()

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Move p; the tasks of this batch keep their sum of p."""
        super().update(losses, tasks)
        sizes = losses - self.bound(losses, tasks)
        self.log_risk[tasks] = self._moved(sizes, tasks).to(self.log_risk)

    def _moved(self, sizes: Tensor, tasks: Tensor) -> Tensor:
        old = self.log_risk[tasks].to(sizes)
        new = old - self.step_size * sizes
        return new - new.logsumexp(0) + old.logsumexp(0)


def group_means(values: np.ndarray, groups: int) -> np.ndarray:
    """Return each value's group mean, in the grouping with the least squared distances.

    On a line the best groups are intervals of the sorted values, so dynamic programming over their ends finds the
    optimum.

    >>> group_means(np.array([1.0, 9.0, 2.0]), 2).tolist()
    [1.5, 9.0, 1.5]
    """
    count = len(values)
    order = np.argsort(values, kind="stable")
    scale = np.abs(values).max()
    line = values[order] / scale if scale > 0 else values[order]
    # spread[i, j]: squared distances to their mean of line[i : j + 1]
    sums, squares = np.triu(np.tile(line, (count, 1))), np.triu(np.tile(line**2, (count, 1)))
    sums, squares = sums.cumsum(axis=1), squares.cumsum(axis=1)
    sizes = np.maximum(np.arange(count)[None, :] - np.arange(count)[:, None] + 1, 1)
    spread = np.triu(np.maximum(squares - sums**2 / sizes, 0.0))
    spread[np.tril_indices(count, -1)] = np.inf
    best, starts = spread[0], []
    for _ in range(min(groups, count) - 1):
        # [start, end] of the last group
        options = np.concatenate([[0.0], best[:-1]])[:, None] + spread
        starts.append(options.argmin(axis=0))
        best = options.min(axis=0)
    means, end = np.empty(count), count
    for start in [*reversed(starts), np.zeros(count, dtype=np.int64)]:
        if end == 0:
            break
        first = int(start[end - 1])
        means[order[first:end]] = values[order[first:end]].mean()
        end = first
    return means
