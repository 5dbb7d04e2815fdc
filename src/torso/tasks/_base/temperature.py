"""Temperature scaling of heads with logits, since trained networks become overconfident.

One factor on all logits, fitted on held-out rows, makes the probabilities honest and the ranking of the
classes in a row stays as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from torso.tasks._base.golden_section import golden_section
from torso.tasks._base.head import Head

__all__ = ["LogitHead"]

_WIDEST = math.log(20.0)  # bound of the factor's logarithm, either way


class LogitHead(Head):
    """Base of heads with logits; their likelihood and prediction read `scale * outputs`.

    Temperature scaling: Guo, Pleiss, Sun & Weinberger, ICML 2017, "On Calibration of Modern Neural Networks"
    (https://arxiv.org/abs/1706.04599), with the inverse temperature. Difference: its logarithm has a standard
    normal prior that weighs twice as much as one row, lest a handful of held-out rows, all right, make the
    probabilities 0 and 1.
    """

    def __init__(self, dim: int, outputs: int, *, hidden: int = 0, dropout: float = 0.0) -> None:
        super().__init__(dim, outputs, hidden=hidden, dropout=dropout)
        self.register_buffer("scale", torch.ones(()))

    scale: Tensor

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set the factor of the logits that makes held-out rows likeliest; nothing without labels."""
        rows = self.labelled(targets)
        if not bool(rows.any()) or not bool(outputs[rows].isfinite().all()):
            return
        known, truth = outputs[rows], targets[rows]
        self._set_scale(lambda: self.nll(known, truth).sum())

    @property
    def factor(self) -> float:
        """Factor of the logits."""
        return float(self.scale)

    @torch.no_grad()
    def uncalibrate(self) -> None:
        """Set the factor to 1."""
        self.scale.fill_(1.0)

    def _set_scale(self, loss: Callable[[], Tensor]) -> None:
        """Set the factor at which `loss`, the sum over rows, is least, the prior considered."""

        def cost(logarithm: float) -> float:  # leaves the factor set
            self.scale.fill_(math.exp(logarithm))
            return float(loss()) + logarithm**2

        as_trained = cost(0.0)
        if cost(golden_section(cost, -_WIDEST, _WIDEST)) > as_trained:
            cost(0.0)
