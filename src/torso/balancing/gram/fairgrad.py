"""FairGrad: alpha-fair shares of the step for all tasks."""

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
    """The direction of the greatest total alpha-fair utility of the tasks.

    `G w = w ** (-1 / alpha)` with `w > 0`: the direction of greatest total alpha-fair utility.

    From Ban and Ji, ICML 2024, "Fair Resource Allocation in Multi-Task Learning"
    (https://arxiv.org/abs/2402.15638). `alpha = 1` is Nash-MTL's equation; towards zero it becomes the plain sum,
    towards infinity all tasks gain the same. As in the paper, weights scale with `G ** (-alpha / (1 + alpha))`: the
    smaller the gradients, the larger the weights.

    Differs: the authors give the equation to `scipy.optimize.least_squares`; this is Newton's method on its convex
    potential and on the logarithms of its sides, to rounding and at every scale. A weight below the least float64
    is zero. If some gradients cancel exactly there is no solution; those tasks' weights are then large, and cancel.

    Args:
        alpha: positive; 2 as in the authors' script for QM9.

    Raises:
        ConfigError: in `weights` and `backward`, no solution found: gradients that nearly cancel, lengths many
            orders of magnitude apart, and an `alpha` of 10 or more.
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
        self.degree = -alpha / (1.0 + alpha)  # type: ignore[misc]  # depends on the setting

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return `w`."""
        del tasks
        # With `x = lengths * w` the equation reads `C x = lengths ** (1 / alpha - 1) * x ** (-1 / alpha)`.
        lengths, correlation = lengths_and_correlations(gram)
        power = 1.0 / self.alpha
        return equilibrium(correlation, lengths ** (power - 1.0), power) / lengths
