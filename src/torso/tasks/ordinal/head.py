"""One of several classes that have an order: cumulative logits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.response import Response
from torso.tasks._base.temperature import LogitHead

__all__ = ["CumulativeLogits"]

_NEAREST = 1e-4  # between two cutpoints, so that no class has probability 0


class CumulativeLogits(LogitHead, form="ordinal", name="cumulative"):
    """Proportional odds: `P(class <= k) = sigmoid(cut_k - f(x))`, one number f per row and cuts that all rows share.

    McCullagh, "Regression Models for Ordinal Data", Journal of the Royal Statistical Society B 42, 1980.
    With K classes it learns 1 + (K - 1) numbers at the end where a softmax learns K directions, and a class between
    two others is never passed over. The cuts are kept in order by learning their distances.

    Args:
        classes: number of classes.
        frequencies: of the classes among the training rows, where the cuts begin; default: all alike.

    Raises:
        ValueError: fewer than two classes, or not one frequency per class.
    """

    statement = "classes"

    def __init__(
        self,
        dim: int,
        classes: int,
        frequencies: Sequence[float] | None = None,
        *,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, 1, hidden=hidden, dropout=dropout)
        shares = [1.0] * classes if frequencies is None else list(frequencies)
        if classes < 2 or len(shares) != classes:
            raise ValueError(
                "Parameter `classes` should be at least 2, with a frequency for each. "
                f"Found {classes} classes and {len(shares)} frequencies."
            )
        self.classes = classes
        begin = _cuts(shares)
        self.first = nn.Parameter(begin[0].clone())
        gaps = (begin.diff() - _NEAREST).clamp(min=_NEAREST)
        self.gaps = nn.Parameter(gaps + torch.log(-torch.expm1(-gaps)))  # softplus backwards

    def labelled(self, targets: Tensor, /) -> Tensor:
        """Return where the class is known to this head; an index past the last class is not."""
        return (targets >= 0) & (targets < self.classes)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-probability of class indices, int64 `[batch]`."""
        return -self._log_probabilities(outputs).gather(1, targets.unsqueeze(1)).squeeze(1)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return class probabilities `[batch, classes]`."""
        return self._log_probabilities(outputs).exp()

    def response(self, targets: Tensor, /) -> Response:
        """Return the classes; one that is new to this head counts as missing."""
        known = torch.where(self.labelled(targets), targets, -1)
        return Response("classes", known.cpu().numpy(), self.classes)

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:
        """Return log-probabilities `[batch, classes]`."""
        return self._log_probabilities(outputs, factor)

    @property
    def cuts(self) -> Tensor:
        """Return the cutpoints `[classes - 1]`, each above the one before."""
        return torch.cat(
            [
                self.first.view(1),
                self.first + (functional.softplus(self.gaps) + _NEAREST).cumsum(0),
            ]
        )

    def _log_probabilities(self, outputs: Tensor, factor: float | None = None) -> Tensor:
        """Return `[batch, classes]`, of outputs `[batch, 1]` or, from `raw`, of log-probabilities as they are.

        A class between a and b has `sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b))`,
        whose logarithm stays exact far out, where the difference would be 0;
        `1 - exp(-d) = tanh(d / 2) (1 + exp(-d))`.
        """
        scale = self.scale if factor is None else factor
        if outputs.shape[1] == self.classes:
            return torch.log_softmax(scale * outputs, dim=1)
        at = scale * (self.cuts - outputs)  # [batch, classes - 1]
        # softplus and tanh, since ONNX has no logsigmoid and no expm1 that are exact far out and near 0
        below, above = -functional.softplus(-at), -functional.softplus(at)
        apart = scale * self.cuts.diff()  # [classes - 2]
        width = torch.log(torch.tanh(apart / 2)) + torch.log1p(torch.exp(-apart))
        return torch.cat([below[:, :1], below[:, 1:] + above[:, :-1] + width, above[:, -1:]], dim=1)


def _cuts(shares: Sequence[float]) -> Tensor:
    """Return the cutpoints `[classes - 1]` at which a row with `f = 0` has these shares, none of them quite 0."""
    total = sum(shares) + 1e-3 * len(shares)
    below, cuts = 0.0, []
    for share in shares[:-1]:
        below += (share + 1e-3) / total
        cuts.append(math.log(below / (1 - below)))
    return torch.tensor(cuts, dtype=torch.get_default_dtype())
