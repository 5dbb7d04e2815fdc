"""A running mean of Gram matrices, and when to look at the tasks' gradients again."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["Sketch"]


class Sketch(nn.Module):
    """Running mean of Gram matrices, with a look at the gradients every few steps.

    A look costs about `share` of a plain step for each task that has labels in the batch. Every step saves
    `budget`, and a look is taken as soon as the savings pay for it: every `interval` steps if all tasks have
    labels, more often if each batch has labels for few of them. Besides, the first looks come after 1, 2, 4,
    8 ... steps, since weights move most at the beginning.

    Args:
        tasks: number of tasks.
        budget: average extra cost of a step, in plain steps.
        share: cost of one task's backward pass, in plain steps.
        decay: weight of the past in the running mean; the first looks are averaged equally.

    Attributes:
        interval: steps between two looks at all tasks.
    """

    mean: Tensor
    seen: Tensor
    step: Tensor
    saved: Tensor

    def __init__(
        self, tasks: int, *, budget: float = 0.07, share: float = 0.65, decay: float = 0.7
    ) -> None:
        super().__init__()
        self.interval = max(1, math.ceil(tasks * share / budget))
        self.decay = decay
        self.register_buffer("mean", torch.zeros(tasks, tasks, dtype=torch.float64))
        self.register_buffer("seen", torch.zeros(tasks, tasks, dtype=torch.int64))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        self.register_buffer("saved", torch.zeros((), dtype=torch.int64))  # task passes x interval

    def due(self, present: Tensor) -> bool:
        """Count one step and return True to look now: savings pay for it, it is early, or a task is new."""
        step, price = int(self.step), int(present.sum()) * self.interval
        paid = step > 0 and int(self.saved) >= price
        self.saved += len(present) - price * paid
        self.step += 1
        early = step < self.interval and step & (step - 1) == 0
        return paid or early or bool((self.seen.diagonal()[present] == 0).any())

    def look(self, gram: Tensor, present: Tensor) -> None:
        """Add a Gram matrix to the mean; entries of absent tasks keep their values."""
        gram = gram.to(self.mean)
        both = present[:, None] & present[None, :]
        self.seen += both
        past = torch.minimum(1.0 - 1.0 / self.seen.clamp(min=1), torch.tensor(self.decay))
        self.mean = torch.where(both, past * self.mean + (1.0 - past) * gram, self.mean)
