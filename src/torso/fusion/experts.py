"""Parallel, mixed: a gate per row weighs several experts that read all modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import modality_vectors, variance_preserving_linear

__all__ = ["Experts"]

Gate = Literal["softmax", "laplace"]


class Experts(Fusion, name="experts"):
    """Mixture of experts: a gate per row over perceptrons that read all modalities side by side.

    `Σ_e g_e(x) E_e(x)` with `x = [x_1; …; x_M]`, `E_e` one hidden layer, and `g = softmax(W x + c)` or, as
    `gate: laplace`, `g = softmax_e(-‖w_e - x‖ + c_e)`.

    From Han et al., NeurIPS 2024 (FuseMoE, https://arxiv.org/abs/2402.03226), section 2, the joint experts and
    router. Differs: every expert works in every row, so there is no top k and no loss that balances their
    load; one vector per modality and no attention before; a modality that a row lacks is zeros (there a
    learned vector, which a Torso model's `missing` token is already).

    Args:
        modalities: names of the modalities, in the order of the concatenation.
        experts: number of experts.
        hidden: width of an expert's hidden layer; 0 means `dim`.
        gate: `softmax`, linear scores, or `laplace`, distances to one learned point per expert.
        dropout: on the hidden layers, in training.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        experts: Annotated[int, Range(2, 16, log=True)] = 4,
        hidden: Annotated[int, Range(16, 1024, log=True)] = 0,
        gate: Gate = "softmax",
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        if experts < 1:
            raise ValueError(f"Parameter `experts` should be at least 1. Found {experts}.")
        if gate not in get_args(Gate):
            raise ValueError(f"Parameter `gate` should be softmax or laplace. Found {gate!r}.")
        self.experts, self.hidden, self.gate = experts, hidden or dim, gate
        together = len(self.modalities) * dim
        # All experts read the same vector, so each of their two layers is one matrix product.
        self.first = variance_preserving_linear(together, experts * self.hidden)
        self.second = variance_preserving_linear(
            experts * self.hidden, dim, gain=1.5 * experts**0.5, bias=False
        )
        self.second_bias = nn.Parameter(torch.zeros(experts, dim))
        self.dropout = nn.Dropout(dropout)
        # A laplace gate's rows are points at the inputs' distance from zero; a softmax gate's are directions.
        self.score = variance_preserving_linear(
            together, experts, gain=together**0.5 if gate == "laplace" else 1.0
        )

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        vectors, present = modality_vectors(tokens, self.modalities)
        joined = vectors.flatten(1)  # [batch, modalities * dim]
        gates = self._gates(joined)
        hidden = self.dropout(functional.gelu(self.first(joined)))
        weighted = hidden.unflatten(1, (self.experts, self.hidden)) * gates.unsqueeze(2)
        mixed = self.second(weighted.flatten(1)) + gates @ self.second_bias
        return Tokens.vector(mixed, present.any(dim=1))

    def gates(self, tokens: Mapping[str, Tokens], /) -> Tensor:
        """Return each row's weights of the experts, `[batch, experts]`; they sum to one."""
        return self._gates(modality_vectors(tokens, self.modalities)[0].flatten(1))

    def _gates(self, joined: Tensor) -> Tensor:
        if self.gate == "softmax":
            scores = self.score(joined)
        else:
            offsets = joined.unsqueeze(1) - self.score.weight  # [batch, experts, modalities * dim]
            scores = self.score.bias - offsets.norm(dim=2)
        return torch.softmax(scores, dim=1)
