"""GradNorm: weights that bring each gradient to the length that its training rate asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.core.errors import ConfigError, StepError
from torso.core.ranges import Range

__all__ = ["GradNorm"]


class GradNorm(GramBalancer, name="gradnorm"):
    """Learned weights that make weighted gradients equally long, longer for slow tasks.

    The weights `w` lower `sum_i |G_i - mean(G) r_i ** alpha|`, with `G_i = w_i |g_i|`.

    From Chen, Badrinarayanan, Lee, Rabinovich, ICML 2018, "GradNorm: Gradient Normalization for Adaptive Loss
    Balancing in Deep Multitask Networks" (https://arxiv.org/abs/1711.02257), equation 2 and algorithm 1. `r_i` is
    the loss divided by the task's first loss, and by the mean of these ratios: a task that trains slowly gets a
    longer gradient. The weights sum to the number of tasks. The target is a constant for the derivative. Only
    the lengths of the gradients enter, the diagonal of the Gram matrix.

    Differs: the gradient step is taken on `log w`, in units of `mean(G)`, so that weights stay positive and the scale
    of the losses does not matter; on `w` itself a fixed step throws any weight below about the root of `lr` under
    zero. The weights move at every look at the gradients, with `gram: sketch` every few steps. The paper measures
    at the last shared layer: pass its weight as `representation` and set `gram: representation`; `exact` and
    `sketch` take all shared parameters.

    Args:
        alpha: extra weight of slow tasks; 0 makes all weighted gradients equally long.
        lr: step size of `log w`.

    Raises:
        StepError: in `backward`, a loss is negative and `alpha` is not 0: it has no training rate.
    """

    logarithms: Tensor
    first: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        alpha: Annotated[float, Range(0.0, 3.0)] = 1.5,
        lr: Annotated[float, Range(1e-3, 0.1, log=True)] = 0.025,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        if not alpha >= 0:
            raise ValueError(f"Parameter `alpha` should not be negative. Found {alpha}.")
        if not lr > 0:
            raise ValueError(f"Parameter `lr` should be positive. Found {lr}.")
        self.alpha = alpha
        self.lr = lr
        count = len(self.tasks)
        self.register_buffer("logarithms", torch.zeros(count, dtype=torch.float64))
        self.register_buffer("first", torch.zeros(count, dtype=torch.float64))

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the learned weights of these tasks; they sum to the number of these tasks."""
        del gram
        return len(tasks) * self.logarithms[tasks].softmax(0).double().cpu()

    def update(self, gram: Tensor, tasks: Tensor, /) -> None:
        """Take one gradient step on the weights of the tasks with labels."""
        if self.losses is None:
            raise ConfigError(
                "`gradnorm` needs the losses, which `backward` notes. It cannot be wrapped in a balancer that "
                "does not pass them on."
            )
        losses = self.losses[tasks].to("cpu", torch.float64)
        finite = losses.isfinite()
        tasks, lengths = tasks[finite], gram.diagonal()[finite].sqrt()
        if not len(tasks):
            return
        rates = self._rates(losses[finite], tasks)
        weighted = self.solve(gram, tasks) * lengths
        mean = weighted.mean()
        excess = (weighted - mean * rates**self.alpha).sign()
        old = self.logarithms[tasks].double().cpu()
        new = old - self.lr * excess * weighted / mean
        self.logarithms[tasks] = (new - new.logsumexp(0) + old.logsumexp(0)).to(self.logarithms)

    def _rates(self, losses: Tensor, tasks: Tensor) -> Tensor:
        """Return the relative inverse training rates `[k]`, of mean one, and keep first losses."""
        if not self.alpha:
            return torch.ones_like(losses)
        pairs = zip(tasks.tolist(), losses.tolist(), strict=True)
        negative = {self.tasks[task]: loss for task, loss in pairs if loss < 0}
        if negative:
            raise StepError(
                f"`gradnorm` compares losses with the first ones, so they should not be negative. Found {negative}.",
                "Build `GradNorm` with `alpha=0`, which compares none, or use a loss that cannot be negative.",
                "Use --set balancing.alpha=0, which compares none.",
            )
        first = self.first[tasks].to(losses)
        first = torch.where(first > 0, first, losses)
        self.first[tasks] = first.to(self.first)
        ratios = torch.where(first > 0, losses / first, 1.0)
        mean = ratios.mean()
        return ratios / mean if mean > 0 else torch.ones_like(ratios)
