"""Sequential: a recurrent cell reads the modalities' vectors one after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from torso.core.errors import unknown
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._walk_order import walk_order

__all__ = ["Recurrent"]

_CELLS = {"gru": nn.GRUCell, "lstm": nn.LSTMCell}


class Recurrent(Fusion, name="recurrent"):
    """A recurrent cell reads one vector per modality, one after the other.

    Each step is `s <- cell(x_m, s)`, with the same weights.

    From Cho et al., EMNLP 2014 (GRU, https://arxiv.org/abs/1406.1078), in PyTorch's form, or Hochreiter and
    Schmidhuber, Neural Computation 9, 1997 (LSTM). Differs: `x_m` is the mean of the tokens of m plus a learned
    embedding of the modality; the first state is learned; a row makes no step for a modality that it lacks; the
    gate that keeps the state begins at about M : 1 for M modalities, so that the first modality is not
    forgotten (after Tallec and Ollivier, ICLR 2018); the last hidden state is normalised.

    Args:
        dim: token width, in and out, and width of the state.
        order: order of the steps; default as in `modalities`.
        cell: `gru` or `lstm`.
    """

    family = "sequential"

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        order: Sequence[str] | None = None,
        cell: Literal["gru", "lstm"] = "gru",
    ) -> None:
        super().__init__(modalities, dim)
        self.order = walk_order(order, self.modalities)
        if cell not in _CELLS:
            raise ValueError(unknown("cell", cell, _CELLS))
        self.cell = _CELLS[cell](dim, dim)
        # The second of a GRU's three gates, and of an LSTM's four, keeps the state.
        with torch.no_grad():
            self.cell.bias_hh[dim : 2 * dim] += math.log(len(self.order))
        num_states = 2 if cell == "lstm" else 1
        self.start = nn.Parameter(torch.randn(num_states, dim) / dim**0.5)
        self.kind = nn.Parameter(torch.randn(len(self.order), dim) / dim**0.5)
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return the last hidden state, one token per row, present in every row."""
        batch = next(iter(tokens.values())).mask.shape[0]
        state = tuple(part.expand(batch, -1) for part in self.start)
        for index, name in enumerate(self.order):
            if name not in tokens:
                continue
            moved = self._step(masked_mean(tokens[name]) + self.kind[index], state)
            present = tokens[name].present.unsqueeze(1)
            state = tuple(
                torch.where(present, new, old) for new, old in zip(moved, state, strict=True)
            )
        return Tokens.vector(self.norm(state[0]))

    def _step(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if len(state) == 1:
            return (self.cell(x, state[0]),)
        hidden, memory = self.cell(x, state)
        return hidden, memory
