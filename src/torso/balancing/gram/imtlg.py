"""IMTL-G: a direction with equal projections on all gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from torso.balancing.gram._gram_balancer import GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations

__all__ = ["IMTLG"]

_LEAST = 1e-6
"""Of the weights' absolute sum: a sum nearer to zero than this is taken to be this."""


class IMTLG(GramBalancer, name="imtlg"):
    """Weights of sum one whose direction projects equally on every `g_i / |g_i|`.

    From Liu, Li, Kuang, Xue, Chen, Yang, Liao, Zhang, ICLR 2021, "Towards Impartial Multi-task Learning"
    (https://openreview.net/forum?id=IMPnRXEWpvr). With the correlations `C` and `x_i = |g_i| w_i` it
    reads `C x = constant`. Differs: the paper inverts a matrix that has no inverse if the gradients depend
    on each other; this is the least-squares solution of least length in `x`. For gradients that cancel in
    every such solution (two opposed ones) it is zero, and the weights are `1 / |g_i|`, so that they do
    cancel. Where the paper's weights of sum one would project negatively on every gradient, and so raise every
    loss, ours have the other sign and the sum minus one. Weights may be negative.

    Args:
        tasks: names of the tasks.
        gram: where the inner products come from (see `GramBalancer`).
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
