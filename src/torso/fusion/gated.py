"""Parallel, gated: a gate per row and component weighs the modalities (GMU)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from torso.core.tensors import Named
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import modality_vectors, variance_preserving_linear

__all__ = ["Gated"]

Gate = Literal["sigmoid", "softmax"]


class Gated(Fusion, name="gated"):
    """Gated multimodal unit: a tanh layer per modality, weighted by gates that see all modalities.

    `Σ_m z_m ⊙ tanh(W_m x_m)` with `z_m = σ(V_m [x_1; …; x_M])`. `gate: softmax` ties the gates, so they sum to
    one over the modalities of a row; for two it is the paper's bimodal unit `z ⊙ h_1 + (1 - z) ⊙ h_2`. The
    gates cost `(M·dim)²`.

    From Arevalo et al., 2017 (GMU, https://arxiv.org/abs/1702.01992). Differs: a modality that a row lacks is
    read as zeros and its gate is 0 (the paper has no gaps); initial weights keep the scale. As there, no layer
    has a bias.

    Args:
        gate: `sigmoid`, independent gates, or `softmax`, gates that sum to one.
    """

    def __init__(self, modalities: Sequence[str], dim: int, *, gate: Gate = "sigmoid") -> None:
        super().__init__(modalities, dim)
        if gate not in get_args(Gate):
            raise ValueError(f"Parameter `gate` should be sigmoid or softmax. Found {gate!r}.")
        self.gate = gate
        together = len(self.modalities) * dim
        self.content: Named[nn.Linear] = Named(
            {
                name: variance_preserving_linear(dim, dim, gain=5 / 3, bias=False)
                for name in self.modalities
            }
        )
        self.score = variance_preserving_linear(together, together, bias=False)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        vectors, present = modality_vectors(tokens, self.modalities)
        layers = (layer for _, layer in self.content.pairs())
        content = [layer(x) for layer, x in zip(layers, vectors.unbind(1), strict=True)]
        mixed = (self._gates(vectors, present) * torch.stack(content, dim=1).tanh()).sum(dim=1)
        return Tokens.vector(mixed, present.any(dim=1))

    def gates(self, tokens: Mapping[str, Tokens], /) -> Tensor:
        """Return each row's gates `[batch, modalities, dim]`, in the order of `modalities`; 0 where absent."""
        return self._gates(*modality_vectors(tokens, self.modalities))

    def _gates(self, vectors: Tensor, present: Tensor) -> Tensor:
        scores: Tensor = self.score(vectors.flatten(1)).view_as(vectors)
        open_gates = present.unsqueeze(2)
        if self.gate == "sigmoid":
            return scores.sigmoid() * open_gates
        # A row without modalities keeps all scores, since a softmax over none is NaN; its gates are 0 after.
        allowed = open_gates | ~open_gates.any(dim=1, keepdim=True)
        return scores.masked_fill(~allowed, -torch.inf).softmax(dim=1) * open_gates
