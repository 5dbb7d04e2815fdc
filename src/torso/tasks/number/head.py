"""One number: Gaussian likelihood, standardised inside, in the user's unit outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from torch import Tensor

from torso.core.ranges import Range
from torso.tasks.vector.head import GaussianVector, Spread

__all__ = ["Gaussian"]


class Gaussian(GaussianVector, form="number", name="gaussian"):
    """Gaussian likelihood of one number; see `GaussianVector`, of which it is the case of one.

    Args:
        mean: of the target over training rows.
        std: of the target over training rows.
        spread: `learned`, `row` or `none`.
        level: share of the labels that the intervals should hold.
        recentre: held-out rows move and scale the answers.
    """

    law_settings: ClassVar[tuple[Mapping[str, object], ...]] = (
        {"spread": "row"},
        {"spread": "none"},
    )

    def __init__(
        self,
        dim: int,
        mean: float = 0.0,
        std: float = 1.0,
        *,
        spread: Spread = "learned",
        level: float = 0.9,
        recentre: bool = True,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(
            dim,
            [mean],
            [std],
            spread=spread,
            level=level,
            recentre=recentre,
            hidden=hidden,
            dropout=dropout,
        )

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the likelihood of targets `[batch]`, NaN where missing."""
        return super().nll(outputs, targets.unsqueeze(1))

    def log_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor | None:
        """Return minus the log-density of the targets in their own unit, `[batch]`; None for `spread: none`."""
        return None if self.source == "none" else self.nll(outputs, targets) + self.std.log()

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the mean in the user's unit, `[batch]`."""
        return super().predict(outputs).squeeze(1)

    def spread(self, outputs: Tensor, /) -> Tensor | None:
        """Return the standard deviation in the user's unit, `[batch]`; None for `spread: none`."""
        spread = super().spread(outputs)
        return None if spread is None else spread.squeeze(1)

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return `spread`, unless there is none, `low` and `high`, each `[batch]`."""
        return {
            name: value.squeeze(1) if value.ndim == 2 else value
            for name, value in super().details(outputs).items()
        }
