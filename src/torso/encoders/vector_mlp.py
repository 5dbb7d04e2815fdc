"""Vectors: a fixed number of numbers per row, read by a small perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.encoders._encoder import Encoder

__all__ = ["VectorMLP"]


class VectorMLP(Encoder, form="vector", name="mlp"):
    """Perceptron over a vector; one token per row.

    Args:
        dim: token width.
        width: numbers in the vector.
        hidden: widths of the hidden layers.
        dropout: after each hidden layer, in training.
    """

    def __init__(
        self,
        dim: int,
        width: int,
        *,
        hidden: Sequence[int] = (128,),
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.2,
    ) -> None:
        super().__init__()
        self.dim = dim
        layers: list[nn.Module] = []
        for before, after in pairwise([width, *hidden]):
            layers += [nn.Linear(before, after), nn.GELU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(
            *layers, nn.Linear([width, *hidden][-1], dim), nn.LayerNorm(dim)
        )

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read standardised vectors `[batch, width]`."""
        x = values.to(next(self.parameters()).dtype)
        return Tokens.vector(self.layers(x), mask)
