"""Numbers, default: piecewise-linear embeddings, robust to skewed scales and outliers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.encoders._columns import ColumnTokens, Layout
from torso.encoders._encoder import Encoder

__all__ = ["NumbersPiecewise"]


class NumbersPiecewise(Encoder, form="numbers", name="piecewise"):
    """Piecewise-linear embedding of each number, then a linear layer of its own.

    Gorishniy, Rubachev, Babenko, NeurIPS 2022, "On Embeddings for Numerical Features in Tabular Deep
    Learning" (https://arxiv.org/abs/2203.05556), equation 1: with bin edges b, component t is
    `(x - b_t) / (b_{t+1} - b_t)` clipped to [0, 1], the first bin unclipped below and the last above.
    Differences: two equal edges make a step; the open ends are clipped at 3 bin widths beyond, so that one
    wild cell cannot dominate a batch; the number itself rides along as a last component.

    Args:
        dim: token width.
        quantiles: bin edges of each column, `[columns, edges]`, from training rows.
        width: width of a column's embedding; default 48, less from 11 columns on, 8 from 64 on.
        layout: `joint` (one token per row) or `columns` (one per column).
        dropout: on the joint hidden layer, in training.
        linear: whether a linear function of the numbers is added to the joint token, past its LayerNorm.
    """

    def __init__(
        self,
        dim: int,
        quantiles: Sequence[Sequence[float]],
        *,
        width: Annotated[int | None, Range(4, 64, log=True)] = None,
        layout: Layout = "joint",
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        linear: bool = True,
    ) -> None:
        super().__init__()
        self.dim = dim
        edges = torch.tensor(quantiles, dtype=torch.get_default_dtype())  # [columns, edges]
        self.register_buffer("low", edges[:, :-1])
        self.register_buffer("span", (edges[:, 1:] - edges[:, :-1]).clamp(min=1e-6))
        columns, bins = self.low.shape
        width = width or _width(columns)
        lower, upper = torch.zeros(bins), torch.ones(bins)
        lower[0], upper[-1] = -3.0, 4.0
        self.register_buffer("lower", lower)
        self.register_buffer("upper", upper)
        self.weight = nn.Parameter(torch.randn(columns, bins + 1, width) / (bins + 1) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(columns, width))
        self.tokens = ColumnTokens(columns, width, dim, layout, dropout, linear=linear)

    low: Tensor
    span: Tensor
    lower: Tensor
    upper: Tensor

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read standardised numbers `[batch, columns]`; a missing cell may hold anything."""
        x = values.to(self.weight.dtype).masked_fill(~mask, 0.0).clamp(-20.0, 20.0)
        pieces = ((x.unsqueeze(-1) - self.low) / self.span).clamp(self.lower, self.upper)
        pieces = torch.cat([pieces, x.unsqueeze(-1)], dim=-1)  # [batch, columns, bins + 1]
        embedded = torch.einsum("bcp,cpw->bcw", pieces, self.weight) + self.bias
        encoded: Tokens = self.tokens(embedded.relu(), mask, x)
        return encoded


def _width(columns: int) -> int:
    """Return a width that makes the joint layer read about 512 values, between 8 and 48 per column.

    A wide embedding learns steep and bumpy functions of one column in fewer steps; the figures are in
    docs/decisions.md.
    """
    return max(8, min(48, 512 // max(1, columns)))
