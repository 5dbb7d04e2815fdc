"""One number with outliers: Student's t likelihood, whose tails are learned."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.tasks.number.head import Gaussian

__all__ = ["Student"]

_WIDEST = 6.0
_ONE_SPREAD = 0.8413447460685429  # of a Gaussian lies below its mean plus one standard deviation
_ROUNDS = 50  # of expectation and maximisation


class Student(Gaussian, form="number", name="student"):
    """Student's t likelihood: like the Gaussian, but a label far off costs its logarithm and not its square.

    The degrees of freedom are learned with the spread and refitted with it on held-out rows; few of them mean
    heavy tails, many the Gaussian. Lange, Little & Taylor, "Robust Statistical Modeling Using the t Distribution",
    Journal of the American Statistical Association 84, 1989. The prediction is the median; the spread reported is
    half the width of the interval that holds 68.3 %, as one standard deviation does of a Gaussian (that of a
    t distribution may be infinite).

    Args:
        spread: `learned` or `row`, see the Gaussian.
    """

    law_settings = ({"spread": "row"},)
    refits_answer = False
    held: float | None = None
    """Degrees of freedom, as `hold_still` saw them."""

    def __init__(
        self,
        dim: int,
        mean: float = 0.0,
        std: float = 1.0,
        *,
        spread: Literal["learned", "row"] = "learned",
        level: float = 0.9,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        if spread not in ("learned", "row"):
            raise ValueError(f"Parameter `spread` should be 'learned' or 'row'. Found {spread!r}.")
        super().__init__(
            dim,
            mean,
            std,
            spread=spread,
            level=level,
            recentre=False,  # by squares, which outliers rule
            hidden=hidden,
            dropout=dropout,
        )
        self.log_tail = nn.Parameter(torch.tensor(math.log(4.0)))

    @property
    def freedom(self) -> Tensor:
        """Return the degrees of freedom, between 1 and about 400."""
        return 1.0 + self.log_tail.clamp(-_WIDEST, _WIDEST).exp()

    def spread(self, outputs: Tensor, /) -> Tensor:
        """Return half the width of the interval that holds 68.3 %, `[batch]`."""
        scale = super().spread(outputs)
        assert scale is not None
        return scale * self._quantile(_ONE_SPREAD)

    def _cost(self, scaled: Tensor) -> Tensor:
        return _student_cost(scaled, self.freedom.to(scaled.dtype))

    def _quantile(self, share: float) -> float:
        from scipy.special import stdtrit

        freedom = float(self.freedom.detach()) if self.held is None else self.held
        return float(stdtrit(freedom, share))

    def hold_still(self) -> None:
        """Keep the degrees of freedom."""
        self.held = float(self.freedom.detach())

    def _refit(self, place: int, errors: Tensor) -> None:
        """Try many tails, each with its likeliest spread, and keep the best if it beats the trained one."""
        log_tails = torch.linspace(-3.0, _WIDEST, 37, dtype=errors.dtype, device=errors.device)
        freedom = 1.0 + log_tails.exp()  # [tails]
        squares = errors.square().unsqueeze(1)  # [rows, 1]
        square_scale = squares.median().clamp(min=1e-12).expand(len(freedom))
        for _ in range(_ROUNDS):
            weights = (freedom + 1) / (freedom + squares / square_scale)
            square_scale = (weights * squares).mean(dim=0).clamp(min=1e-12)
        log_scale = (0.5 * square_scale.log()).clamp(-_WIDEST, _WIDEST)
        costs = (_student_cost(errors.unsqueeze(1) / log_scale.exp(), freedom) + log_scale).mean(0)
        before = self.log_spread[place].clamp(-_WIDEST, _WIDEST)
        best = int(costs.argmin())
        if costs[best] < (self._cost(errors / before.exp()) + before).mean():
            self.log_spread[place] = log_scale[best]
            self.log_tail.fill_(log_tails[best])


def _student_cost(scaled: Tensor, freedom: Tensor) -> Tensor:
    """Return minus the log-density of Student's t."""
    half = 0.5 * (freedom + 1)
    constant = torch.lgamma(0.5 * freedom) - torch.lgamma(half) + 0.5 * (freedom * math.pi).log()
    return constant + half * torch.log1p(scaled.square() / freedom)
