"""LDC-MTL: learned weights that keep the weighted losses close to one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.balancing.loss._adaptive import AdaptiveBalancer
from torso.core.errors import StepError
from torso.core.ranges import Range

__all__ = ["LDCMTL"]

Normalise = Literal["none", "rescaled", "log"]
Pairs = Literal["chain", "all"]


class LDCMTL(AdaptiveBalancer, name="ldc_mtl"):
    """Learned weights that keep the weighted losses close to one another.

    `sum_k s_k l_k / sum_k s_k + lam sum_k |s_k l_k - s_(k+1) l_(k+1)|`, with learned `s = sigmoid(w)`.

    From Xiao, Dong, Zou, Ji, 2025, "LDC-MTL: Balancing Multi-Task Learning through Scalable Loss Discrepancy Control"
    (https://arxiv.org/abs/2502.08585): the weighted loss is the lower problem, the discrepancy the upper one, and the
    first-order single-loop algorithm minimises their sum over the model and w together. As in the authors' CelebA
    code, w is one number per task, and no gradient flows through the divisor. The paper's other router, a small
    network on the shared features, needs more than losses.

    As in the paper, the chain compares neighbours in the order of the tasks, so another order is another method.
    Differs: `pairs: all` compares every pair, with the same weight on average (times `2 / K`); a chain skips tasks
    without labels. Their w has a gradient of zero; an optimiser with momentum still moves it for some steps (Adam by
    about 10 times its rate in all).

    The discrepancy lowers the largest weighted loss and raises the smallest, so a task's factor can fall below zero
    if `lam` is large against `1 / K`.

    Args:
        lam: weight of the discrepancy; the authors use 0.01 to 0.1.
        normalise: `rescaled`: l is the loss divided by its first value, times the least first value of all tasks;
            `log`: the logarithm of the loss divided by its first value; `none`: the loss. The first two need
            first losses above zero.
        pairs: pairs of losses to compare, `chain` or `all`.
    """

    order_invariant = False  # a chain compares neighbours, as in the paper
    symmetric = False
    initial: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        lam: Annotated[float, Range(1e-3, 1.0, log=True)] = 0.05,
        normalise: Normalise = "rescaled",
        pairs: Pairs = "chain",
    ) -> None:
        super().__init__(tasks)
        if not 0.0 <= lam < float("inf"):
            raise ValueError(f"Parameter `lam` should be finite and not negative. Found {lam}.")
        if normalise not in ("none", "rescaled", "log"):
            raise ValueError(
                f"Parameter `normalise` should be 'none', 'rescaled' or 'log'. Found {normalise!r}."
            )
        if pairs not in ("chain", "all"):
            raise ValueError(f"Parameter `pairs` should be 'chain' or 'all'. Found {pairs!r}.")
        self.lam = lam
        self.normalise = normalise
        self.pairs = pairs
        self.logits = nn.Parameter(torch.ones(len(self.tasks)))
        self.register_buffer("initial", torch.full((len(self.tasks),), torch.nan))

    def combine(self, losses: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weighted mean and the discrepancy."""
        depths = functional.logsigmoid(self.logits[tasks].to(losses))
        # Ratios of s instead of s: all s may become tiny, their ratios do not.
        ratios = (depths - depths.detach().max()).exp()
        normalised = self._normalised(losses, tasks)
        mean = (ratios * normalised).sum() / ratios.detach().sum()
        return mean + self.lam * self._discrepancy(depths.exp() * normalised)

    def _discrepancy(self, weighted: Tensor) -> Tensor:
        if self.pairs == "chain":
            return (weighted[1:] - weighted[:-1]).abs().sum()
        return (weighted[:, None] - weighted[None, :]).abs().sum() / len(weighted)

    def _normalised(self, losses: Tensor, tasks: Tensor) -> Tensor:
        if self.normalise == "none":
            return losses
        initial = self._initial(losses.detach(), tasks)
        first = initial[tasks]
        self._check_positive(first if self.normalise == "rescaled" else losses.detach(), tasks)
        if self.normalise == "log":
            return (losses / first).log()
        return losses / first * initial[initial.isfinite()].min()

    def _initial(self, losses: Tensor, tasks: Tensor) -> Tensor:
        """Return each task's first loss, from this batch if it is new; NaN for a task never seen."""
        initial = self.initial.to(losses)
        now = initial.clone()
        now[tasks] = losses
        return torch.where(initial.isnan(), now, initial)

    def _check_positive(self, losses: Tensor, tasks: Tensor) -> None:
        bad = losses <= 0
        if bool(bad.any()):
            names = [self.tasks[index] for index in tasks[bad].tolist()]
            raise StepError(
                f"LDCMTL with `normalise` {self.normalise!r} needs losses above zero. Found {losses[bad].tolist()} "
                f"for {names}.",
                'Build the balancer with `normalise="none"`, or use `Equal`.',
                "Use --set balancing.normalise=none, or --set balancing=equal.",
            )

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Keep the first losses."""
        self.initial.copy_(self._initial(losses, tasks))
