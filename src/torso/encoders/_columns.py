"""What encoders of scalar columns share: a learned stand-in per missing cell, and the way into tokens."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from torso.types import Tokens

__all__ = ["ColumnTokens", "Layout"]

Layout = Literal["joint", "columns"]


class ColumnTokens(nn.Module):
    """Turn one embedding per column into tokens.

    A missing cell is its column's learned embedding. `joint` reads all columns with one hidden layer and
    gives one token per row (fast, strong on plain tables); `columns` gives one token per column, so that a
    transformer fusion sees every column, and a missing cell is left out by its mask (Gorishniy, Rubachev,
    Khrulkov, Babenko, "FT-Transformer", NeurIPS 2021, https://arxiv.org/abs/2106.11959).

    Args:
        columns: number of columns.
        width: width of a column's embedding.
        dim: token width.
        layout: `joint` or `columns`.
        dropout: on the joint hidden layer, in training.
    """

    def __init__(
        self, columns: int, width: int, dim: int, layout: Layout = "joint", dropout: float = 0.1
    ) -> None:
        super().__init__()
        if layout not in ("joint", "columns"):
            raise ValueError(
                f"Parameter `layout` should be 'joint' or 'columns'. Found {layout!r}."
            )
        self.layout = layout
        if layout == "joint":
            self.missing = nn.Parameter(torch.randn(columns, width) / width**0.5)
            self.mix = nn.Sequential(
                nn.Linear(columns * width, 2 * dim),
                nn.GELU(),
                nn.Dropout(dropout),
                nn.Linear(2 * dim, dim),
                nn.LayerNorm(dim),
            )
        else:
            self.project = nn.Linear(width, dim)
            self.bias = nn.Parameter(torch.randn(columns, dim) / dim**0.5)

    def forward(self, embedded: Tensor, mask: Tensor) -> Tokens:
        """Return tokens from `embedded` `[batch, columns, width]` and bool `mask` `[batch, columns]`."""
        if self.layout == "columns":
            return Tokens(self.project(embedded) + self.bias, mask)
        filled = torch.where(mask.unsqueeze(-1), embedded, self.missing)
        return Tokens.vector(self.mix(filled.flatten(1)), mask.any(dim=1))
