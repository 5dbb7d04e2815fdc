"""From one embedding per scalar column to tokens, with a learned embedding for each missing cell.

The joint token also gets a linear function of the numbers. The LayerNorm before it makes all tokens equally long,
so a number's size would show only in the token's direction; few rows do not teach that (docs/small_tables.md).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from torso.core.types import Tokens

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
        linear: whether a linear function of the numbers is added to the joint token, past its LayerNorm. From
            Cheng et al., "wide and deep", DLRS 2016 (https://arxiv.org/abs/1606.07792). Differs: it ends in the
            token instead of the prediction, and both parts have one optimiser.
    """

    def __init__(
        self,
        columns: int,
        width: int,
        dim: int,
        layout: Layout = "joint",
        dropout: float = 0.1,
        *,
        linear: bool = False,
    ) -> None:
        super().__init__()
        if layout not in ("joint", "columns"):
            raise ValueError(
                f"Parameter `layout` should be 'joint' or 'columns'. Found {layout!r}."
            )
        self.layout = layout
        self.straight = (
            nn.Linear(columns, dim, bias=False) if linear and layout == "joint" else None
        )
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

    def forward(self, embedded: Tensor, mask: Tensor, numbers: Tensor | None = None) -> Tokens:
        """Return tokens from `embedded` `[batch, columns, width]` and bool `mask` `[batch, columns]`.

        Args:
            embedded: one embedding per column.
            mask: the known cells.
            numbers: `[batch, columns]`, zero in missing cells; needed for `linear`.
        """
        if self.layout == "columns":
            return Tokens(self.project(embedded) + self.bias, mask)
        filled = torch.where(mask.unsqueeze(-1), embedded, self.missing)
        token = self.mix(filled.flatten(1))
        if self.straight is not None:
            assert numbers is not None  # an encoder with `linear` passes them
            token = token + self.straight(numbers)
        return Tokens.vector(token, mask.any(dim=1))
