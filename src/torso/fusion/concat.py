"""Parallel, the plain baseline: pool each modality, concatenate, one hidden layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from torch import nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import modality_vectors

__all__ = ["Concat"]


class Concat(Fusion, name="concat"):
    """Concatenate one vector per modality (the mean of its tokens) and mix with a perceptron.

    The standard baseline of intermediate fusion, also called concat-MLP; the default fusion. A modality that a
    row lacks adds zeros.

    Args:
        modalities: names of the modalities, in the order of the concatenation.
        hidden: width of the hidden layer; 0 means `2 * dim`.
        dropout: on the hidden layer, in training.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        hidden: Annotated[int, Range(16, 1024, log=True)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        hidden = hidden or 2 * dim
        self.mix = nn.Sequential(
            nn.Linear(len(self.modalities) * dim, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dim),
        )

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        vectors, present = modality_vectors(tokens, self.modalities)
        return Tokens.vector(self.mix(vectors.flatten(1)), present.any(dim=1))
