"""What lies below the sharing: the encoders, what stands for what a row lacks, and the fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.core.tensors import Named
from torso.core.types import Features, Tokens
from torso.encoders import Encoder, MissingToken
from torso.fusion import Fusion

__all__ = ["Encoded", "Missing", "Trunk"]

Missing = Literal["token", "skip"]


@dataclass(frozen=True)
class Encoded:
    """What the encoders make of a batch.

    Attributes:
        tokens: trunk name -> modality -> tokens.
        present: modality -> bool `[batch]`, the rows that have it.
    """

    tokens: Mapping[str, Mapping[str, Tokens]]
    present: Mapping[str, Tensor]

    def really(self, trunk: str) -> dict[str, Tokens]:
        """Return modality -> tokens of a trunk, False in the rows that lack the modality."""
        return {
            name: Tokens(one.values, one.mask & self.present[name].unsqueeze(1))
            for name, one in self.tokens[trunk].items()
        }


class Trunk(nn.Module):
    """Encoders, the missing tokens, and a fusion.

    Args:
        encoders: modality -> encoder.
        fusion: joins their tokens.
        missing: what stands for a modality that a row lacks: a learned `token`, or nothing (`skip`).
    """

    def __init__(
        self, encoders: Mapping[str, Encoder], fusion: Fusion, missing: Missing = "token"
    ) -> None:
        super().__init__()
        if missing not in get_args(Missing):
            raise ConfigError(f"Parameter `missing` should be token or skip. Found {missing!r}.")
        self.encoders: Named[Encoder] = Named(encoders)
        named = encoders if missing == "token" else {}
        self.missing: Named[MissingToken] = Named(
            {name: MissingToken(encoder.dim) for name, encoder in named.items()}
        )
        self.fusion = fusion

    def forward(self, inputs: Mapping[str, Features]) -> Tokens:
        """Return the fused tokens of a batch."""
        return self.fusion(self.encode(inputs))

    def encode(self, inputs: Mapping[str, Features]) -> dict[str, Tokens]:
        """Return the tokens of every modality, with those that stand for what a row lacks.

        Raises:
            ValueError: a modality is absent from `inputs`.
        """
        absent = [name for name in self.encoders.names() if name not in inputs]
        if absent:
            raise ValueError(
                f"Parameter `inputs` should hold every modality, but {absent} are absent. Found {list(inputs)}. "
                "Rows that lack a modality say so in the mask of its `Features`."
            )
        return {
            name: self.filled(name, encoder(inputs[name]))
            for name, encoder in self.encoders.pairs()
        }

    def filled(self, modality: str, tokens: Tokens) -> Tokens:
        """Return the tokens with what stands for the modality in the rows without any."""
        return self.missing[modality](tokens) if modality in self.missing else tokens
