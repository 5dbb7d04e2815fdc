"""FairGrad: the step is shared out among the tasks as alpha-fairness shares out a resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from torch import Tensor

from torso.balancing.gram._equilibrium import equilibrium
from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations
from torso.core.ranges import Range

__all__ = ["FairGrad"]


class FairGrad(GramBalancer, name="fairgrad"):
    """`G w = w ** (-1 / alpha)` with `w > 0`: the direction of greatest total alpha-fair utility.

    From Ban and Ji, ICML 2024, "Fair Resource Allocation in Multi-Task Learning"
    (https://arxiv.org/abs/2402.15638). `alpha = 1` is Nash-MTL's equation; towards zero it is the plain
    sum, towards infinity all tasks gain the same. Differs: the authors give the equation to
    `scipy.optimize.least_squares`; this is Newton's method on its convex potential and on the logarithms of its
    sides, to rounding and at every scale. Weights scale with `G ** (-alpha / (1 + alpha))`, as in the paper: the
    smaller the gradients, the larger the weights. A weight below the least float64 is zero. Where some gradients
    cancel exactly there is no solution; those tasks' weights are then large and cancel as well.

    Args:
        tasks: names of the tasks.
        alpha: positive; 2 as in the authors' script for QM9.
        gram: where the inner products come from (see `GramBalancer`).

    Raises:
        ConfigError: in `weights` and `backward`, the solution is out of reach: gradients that nearly cancel, of
            lengths many orders of magnitude apart, with an `alpha` of 10 or more.
    """

    non_conflicting: ClassVar[bool] = True

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        alpha: Annotated[float, Range(0.1, 10.0, log=True)] = 2.0,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        if not 0.0 < alpha < float("inf"):
            raise ValueError(f"Parameter `alpha` should be positive and finite. Found {alpha}.")
        self.alpha = alpha
        self.degree = -alpha / (1.0 + alpha)  # type: ignore[misc]  # this object's, not the class's

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return `w`; with `x = lengths * w` the equation reads `C x = lengths ** (1 / alpha - 1) * x ** (-1 / alpha)`."""
        del tasks
        lengths, correlation = lengths_and_correlations(gram)
        power = 1.0 / self.alpha
        return equilibrium(correlation, lengths ** (power - 1.0), power) / lengths
