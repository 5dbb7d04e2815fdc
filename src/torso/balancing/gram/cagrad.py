"""CAGrad: the best direction for the worst task, in a ball around the mean gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import (
    lengths_and_correlations,
    nearest_to_origin,
    square_root,
    with_equals_averaged,
)
from torso.core.ranges import Range

__all__ = ["CAGrad"]

_NEAR = 1e-6
"""Distance of the hull from zero, in shortest gradients, below which it counts as touching zero."""

_ROUNDING = 1e-13
"""Error of the logarithm of `r` below which the start counts as the root."""


class CAGrad(GramBalancer, name="cagrad"):
    """The best direction for the worst task, in a ball around the mean gradient.

    `max_d min_i <g_i, d>` over `|d - g_0| <= c |g_0|`, where `g_0` is the mean gradient.

    From Liu, Liu, Jin, Stone, Liu, NeurIPS 2021, "Conflict-Averse Gradient Descent for Multi-task Learning"
    (https://arxiv.org/abs/2110.14048), equation 3 and algorithm 1: `d = g_0 + c |g_0| g_w / |g_w|` with the `w` on
    the simplex that minimises `<g_w, g_0> + c |g_0| |g_w|`. For `c < 1` some task's loss may still rise.

    Differs: the authors give that problem to SLSQP with 1e-8 added under the roots, so that small gradients get
    another answer. Here it is exact and scale-free. With `u = g_0 / |g_0|` and `r = |g_w| / c`, the optimal
    `g_w + r u` is the point nearest to zero in the hull of `g_i + r u`. One number is left, `r`, and `|g_w| / r` falls
    as `r` grows. If the hull of the gradients touches zero (a Pareto point), `r` is kept above a millionth of the
    shortest gradient.

    Args:
        c: radius of the ball, in lengths of the mean gradient; 0 is the mean gradient itself.
        rescale: divide by `1 + c^2`, as in the authors' code; False: as in the paper.
    """

    plain_for_one_task = False  # the paper's step for one task is (1 + c) g

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        c: Annotated[float, Range(0.0, 1.0)] = 0.5,
        rescale: bool = True,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        if not 0.0 <= c < float("inf"):
            raise ValueError(f"Parameter `c` should be finite and not negative. Found {c}.")
        self.c = c
        self.rescale = rescale

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return `1 / tasks + c |g_0| / |g_w| * w`, divided by `1 + c^2` if asked."""
        del tasks
        count = len(gram)
        lengths, correlation = lengths_and_correlations(gram)
        rows = square_root(correlation) * (lengths / lengths.min())  # [rank, tasks]
        mean = rows.mean(dim=1)
        radius = self.c * float(mean.norm())
        weights = gram.new_full((count,), 1.0 / count)
        noise = count * torch.finfo(gram.dtype).eps * float(lengths.max() / lengths.min())
        if radius > self.c * noise:
            pull, length = self._pull(rows, mean / mean.norm())
            weights = weights + with_equals_averaged(pull, gram) * (radius / length)
        return weights / (1.0 + self.c**2) if self.rescale else weights

    def _pull(self, rows: Tensor, toward: Tensor) -> tuple[Tensor, float]:
        """Return `w` and `|g_w|`."""
        from scipy.optimize import brentq

        def at(reach: float) -> Tensor:
            return nearest_to_origin(rows + reach * toward[:, None])

        def length(reach: float) -> float:
            return float((rows @ at(reach)).norm())

        def excess(log_reach: float) -> float:
            reach = math.exp(log_reach)
            return math.log(length(reach) / (self.c * reach))

        low = max(float((rows @ nearest_to_origin(rows)).norm()), _NEAR) / self.c
        # `excess` falls at least as fast as its argument rises, so this start is the root to rounding.
        if excess(math.log(low)) <= _ROUNDING:
            return at(low), self.c * low
        high = float(rows.norm(dim=0).max()) / self.c * 1.001
        reach = math.exp(brentq(excess, math.log(low), math.log(high), xtol=1e-14, rtol=1e-14))
        return at(reach), self.c * reach
