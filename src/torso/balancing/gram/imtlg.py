"""IMTL-G: a direction with equal projections on all gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from torso.balancing.gram._gram_balancer import GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations

__all__ = ["IMTLG"]

_LEAST = 1e-6
"""Least sum of the weights, relative to their absolute sum: a smaller one would make them explode."""


class IMTLG(GramBalancer, name="imtlg"):
    """The direction with equal projections on all gradients of length one.

    The projections on every `g_i / |g_i|` are equal; the weights sum to one.

    From Liu, Li, Kuang, Xue, Chen, Yang, Liao, Zhang, ICLR 2021, "Towards Impartial Multi-task Learning"
    (https://openreview.net/forum?id=IMPnRXEWpvr). With the correlations `C` and `x_i = |g_i| w_i` the equation is
    `C x = constant`. Weights may be negative.

    Differs: the paper inverts a matrix that has no inverse if the gradients are linearly dependent; this is the
    shortest least-squares solution in `x`. For gradients that cancel in every such solution (two opposed ones) it is
    zero; the weights are then `1 / |g_i|`, so that the gradients cancel. If the paper's weights of sum one would raise
    every loss, these have the other sign and the sum minus one.
    """

    signed_weights = True

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weights; the absolute value of their sum is one."""
        del tasks
        lengths, correlation = lengths_and_correlations(gram)
        values, vectors = torch.linalg.eigh(correlation)
        noise = len(gram) * torch.finfo(gram.dtype).eps
        kept = values > noise * values[-1]
        parts = vectors.sum(dim=0)[kept] / values[kept]
        x = vectors[:, kept] @ parts
        if float(x.abs().max()) <= 100 * noise:
            x = torch.ones_like(lengths)
        weights: Tensor = x * (lengths.min() / lengths)
        return weights.div(torch.maximum(weights.sum().abs(), _LEAST * weights.abs().sum()))
