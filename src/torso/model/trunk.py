"""The part of a model below the sharing: encoders, placeholders for missing modalities, and the fusion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.core.tensors import Named
from torso.core.types import Features, Tokens
from torso.encoders import Encoder, MissingToken, SizesEmbedding
from torso.fusion import Fusion

__all__ = ["Encoded", "Missing", "Trunk"]

Missing = Literal["token", "skip"]


@dataclass(frozen=True)
class Encoded:
    """The tokens of a batch, before the fusion.

    Attributes:
        tokens: trunk name -> modality -> tokens, placeholders among them.
        present: modality -> bool `[batch]`, the rows that have it.
    """

    tokens: Mapping[str, Mapping[str, Tokens]]
    present: Mapping[str, Tensor]

    def without_placeholders(self, trunk: str) -> dict[str, Tokens]:
        """Return modality -> tokens of a trunk, masked in the rows that lack the modality."""
        return {
            name: Tokens(tokens.values, tokens.mask & self.present[name].unsqueeze(1))
            for name, tokens in self.tokens[trunk].items()
        }


class Trunk(nn.Module):
    """Encoders, placeholders for missing modalities, and a fusion.

    Args:
        encoders: modality -> encoder.
        fusion: joins their tokens.
        missing: placeholder for a modality that a row lacks: a learned `token`, or none (`skip`).
        sizes: modality -> number of its sizes (`Features.sizes`) that are added to its tokens.
    """

    def __init__(
        self,
        encoders: Mapping[str, Encoder],
        fusion: Fusion,
        missing: Missing = "token",
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        if missing not in get_args(Missing):
            raise ConfigError(f"Parameter `missing` should be token or skip. Found {missing!r}.")
        self.encoders: Named[Encoder] = Named(encoders)
        filled = encoders if missing == "token" else {}
        self.missing: Named[MissingToken] = Named(
            {name: MissingToken(encoder.dim) for name, encoder in filled.items()}
        )
        self.fusion = fusion
        with torch.random.fork_rng(devices=[]):  # other parts begin as they would without sizes
            self.sizes: Named[SizesEmbedding] = Named(
                {
                    name: SizesEmbedding(count, encoders[name].dim)
                    for name, count in (sizes or {}).items()
                }
            )

    def forward(self, inputs: Mapping[str, Features]) -> Tokens:
        """Return the fused tokens of a batch."""
        return self.fusion(self.encode(inputs))

    def encode(self, inputs: Mapping[str, Features]) -> dict[str, Tokens]:
        """Return modality -> tokens, placeholders among them.

        Raises:
            ValueError: a modality is absent from `inputs`.
        """
        absent = [name for name in self.encoders.names() if name not in inputs]
        if absent:
            raise ValueError(
                f"Parameter `inputs` should hold every modality, but {absent} are absent. Found {list(inputs)}. "
                "Rows that lack a modality say so in the mask of its `Features`."
            )
        return {name: self.tokens_of(name, inputs[name]) for name in self.encoders.names()}

    def tokens_of(self, modality: str, features: Features) -> Tokens:
        """Return the tokens of one modality, with its sizes in them and placeholders among them."""
        return self.with_placeholders(modality, self.without_placeholders(modality, features))

    def without_placeholders(self, modality: str, features: Features) -> Tokens:
        """Return the tokens of one modality, none in rows that lack it."""
        tokens: Tokens = self.encoders[modality](features)
        if modality in self.sizes and features.sizes is not None:
            tokens = self.sizes[modality](tokens, features.sizes)
        return tokens

    def modality_parts(self) -> Iterator[tuple[str, nn.ModuleList]]:
        """Yield each modality and the modules that make its tokens, but for placeholders."""
        for name, encoder in self.encoders.pairs():
            sizes = [self.sizes[name]] if name in self.sizes else []
            yield name, nn.ModuleList([encoder, *sizes])

    def with_placeholders(self, modality: str, tokens: Tokens) -> Tokens:
        """Return the tokens, with the placeholder in rows without the modality."""
        return self.missing[modality](tokens) if modality in self.missing else tokens

    def hidden(self, modality: str, tokens: Mapping[str, Tokens]) -> dict[str, Tokens]:
        """Return a batch's tokens as if no row had the modality."""
        own = tokens[modality]
        masked = Tokens(own.values, torch.zeros_like(own.mask))
        return {**tokens, modality: self.with_placeholders(modality, masked)}
