"""Soft optimal uncertainty weighting: the softmax of the inverse losses as weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.loss._positive import PositiveBalancer
from torso.core.ranges import Range

__all__ = ["UWSO"]


class UWSO(PositiveBalancer, name="uwso"):
    """A softmax of the inverse losses as weights.

    `sum_k w_k L_k` with `w = softmax(1 / (T L))`; no gradient flows through w.

    From Kirchdorfer, Elich, Kutsche, Stuckenschmidt, Schott, Köhler, GCPR 2024, "Analytical Uncertainty-Based Loss
    Weighting in Multi-Task Learning" (https://arxiv.org/abs/2408.07985). Uncertainty weighting, minimised over its
    variances, weighs a loss by its inverse; the softmax softens that. The weights sum to one. The exponents are
    inverse losses, so the result depends on the losses' units: tune T to them, as in the paper. Differs: with
    `shift`, L is the loss above a running bound (see `PositiveBalancer`).

    Args:
        temperature: T; the larger, the more even the weights.
    """

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        temperature: Annotated[float, Range(0.1, 100.0, log=True)] = 1.0,
        shift: bool = False,
    ) -> None:
        super().__init__(tasks, shift=shift)
        if not temperature > 0.0:
            raise ValueError(f"Parameter `temperature` should be above 0. Found {temperature}.")
        self.temperature = temperature

    def scalar(self, losses: Tensor, tasks: Tensor, bound: Tensor, /) -> Tensor:
        """Return the weighted sum."""
        del tasks, bound
        largest = torch.finfo(losses.dtype).max
        # The inverse of a tiny loss is infinite, and a softmax of infinities is NaN.
        weights = (1.0 / losses.detach() / self.temperature).clamp(max=largest).softmax(0)
        return (weights * losses).sum()
