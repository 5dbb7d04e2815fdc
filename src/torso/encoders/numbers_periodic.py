"""Numbers: periodic embeddings, for columns whose fine detail matters."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.encoders._columns import ColumnTokens, Layout
from torso.encoders._encoder import Encoder

__all__ = ["NumbersPeriodic"]


class NumbersPeriodic(Encoder, form="numbers", name="periodic"):
    """Periodic embedding of each number, then a linear layer of its own and ReLU.

    "PLR" of Gorishniy, Rubachev, Babenko, NeurIPS 2022 (https://arxiv.org/abs/2203.05556), section 3.3:
    `[sin(2 pi c x), cos(2 pi c x)]` with learned frequencies c, drawn from N(0, sigma). As in the paper's
    code, the frequencies are each column's own.

    Args:
        dim: token width.
        columns: number of columns.
        frequencies: learned frequencies per column.
        sigma: standard deviation of their start.
        width: width of a column's embedding.
        layout: `joint` (one token per row) or `columns` (one per column).
        dropout: on the joint hidden layer, in training.
        linear: whether a linear function of the numbers is added to the joint token, past its LayerNorm.
    """

    def __init__(
        self,
        dim: int,
        columns: int,
        *,
        frequencies: Annotated[int, Range(4, 64, log=True)] = 16,
        sigma: Annotated[float, Range(0.01, 1.0, log=True)] = 0.1,
        width: Annotated[int, Range(4, 64, log=True)] = 8,
        layout: Layout = "joint",
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        linear: bool = True,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.frequencies = nn.Parameter(torch.randn(columns, frequencies) * sigma)
        self.weight = nn.Parameter(
            torch.randn(columns, 2 * frequencies, width) / (2 * frequencies) ** 0.5
        )
        self.bias = nn.Parameter(torch.zeros(columns, width))
        self.tokens = ColumnTokens(columns, width, dim, layout, dropout, linear=linear)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read standardised numbers `[batch, columns]`; a missing cell may hold anything."""
        x = values.to(self.weight.dtype).masked_fill(~mask, 0.0).clamp(-20.0, 20.0)
        angle = 2 * math.pi * self.frequencies * x.unsqueeze(-1)  # [batch, columns, frequencies]
        waves = torch.cat([angle.sin(), angle.cos()], dim=-1)
        embedded = torch.einsum("bcp,cpw->bcw", waves, self.weight) + self.bias
        encoded: Tokens = self.tokens(embedded.relu(), mask, x)
        return encoded
