"""MGDA: the shortest vector in the convex hull of the gradients."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from torso.balancing.gram._gram_balancer import GramBalancer
from torso.balancing.gram._quadratic import min_norm_weights

__all__ = ["MGDA"]


class MGDA(GramBalancer, name="mgda"):
    """The shortest vector in the gradients' hull, which lowers every loss.

    `min_w w' G w` over the simplex: lowers every loss, or is zero at a Pareto point.

    From Désidéri, Comptes Rendus Mathématique 2012, "Multiple-gradient descent algorithm (MGDA) for multiobjective
    optimization"; Sener and Koltun, NeurIPS 2018, "Multi-Task Learning as Multi-Objective Optimization"
    (https://arxiv.org/abs/1810.04650), equation 3; with `gram: representation` this is their MGDA-UB. Differs: they
    stop Frank-Wolfe after 250 steps, which leaves a gap; this is exact. If several weights give the shortest
    vector (linearly dependent gradients), equal gradients get equal weights. A task without a gradient is left
    out; in the paper's hull it would make the answer zero.
    """

    non_conflicting: ClassVar[bool] = True

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weights of the shortest vector; they sum to one."""
        del tasks
        return min_norm_weights(gram)
