"""When to look at the tasks' gradients again, and what is remembered of them in between."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["Sketch"]


class Sketch(nn.Module):
    """Running mean of Gram matrices that are seen every now and then.

    A look costs about `share` of a plain step per task, so that looks every
    `tasks * share / budget` steps cost `budget` of a step on average. The first looks come sooner, after 1,
    2, 4, 8 ... steps, since weights move most at the beginning.

    Args:
        tasks: number of tasks.
        budget: average extra cost of a step.
        share: of a plain step that one task's backward pass costs.
        decay: weight of the past in the running mean; the first looks are averaged plainly.
    """

    mean: Tensor
    seen: Tensor
    step: Tensor

    def __init__(
        self, tasks: int, *, budget: float = 0.07, share: float = 0.65, decay: float = 0.7
    ) -> None:
        super().__init__()
        self.interval = max(1, math.ceil(tasks * share / budget))
        self.decay = decay
        self.register_buffer("mean", torch.zeros(tasks, tasks, dtype=torch.float64))
        self.register_buffer("seen", torch.zeros(tasks, tasks, dtype=torch.int64))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def due(self, present: Tensor) -> bool:
        """Count one step; return whether to look now: by the calendar, or since a task was never seen."""
        step = int(self.step)
        self.step += 1
        if step % self.interval == 0 or (step < self.interval and step & (step - 1) == 0):
            return True
        return bool((self.seen.diagonal()[present] == 0).any())

    def look(self, gram: Tensor, present: Tensor) -> None:
        """Take a Gram matrix in; entries of absent tasks stay as they were."""
        gram = gram.to(self.mean)
        both = present[:, None] & present[None, :]
        self.seen += both
        past = torch.minimum(1.0 - 1.0 / self.seen.clamp(min=1), torch.tensor(self.decay))
        self.mean = torch.where(both, past * self.mean + (1.0 - past) * gram, self.mean)
