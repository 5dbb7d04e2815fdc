"""The room's contract: `Features` of one modality in, `Tokens` out; absent rows cost nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import nn

from torso._tensors import scatter_rows
from torso.registry import Registry
from torso.types import Features, Tokens

__all__ = ["Encoder"]


class Encoder(nn.Module, ABC):
    """Base of all encoders.

    A subclass names the form of features it reads (`image`, `text`, `audio`, `numbers`, `categories`,
    `vector`, `sequence`) and implements `encode` for rows that are present; the base class leaves absent
    rows out of the computation, so they neither cost time nor touch normalisation statistics.

    `class ConvNet(Encoder, form="image", name="convnet")` files itself as `image/convnet`.
    """

    registry: ClassVar[Registry[Encoder]] = Registry("encoder")
    form: ClassVar[str] = ""
    dim: int

    def __init_subclass__(cls, *, form: str = "", name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.form = form or cls.form
        if name:
            cls.registry.add(f"{cls.form}/{name}", cls)

    def forward(self, features: Features, /) -> Tokens:
        """Return the tokens of a batch.

        Args:
            features: what `torso.data` lays out for this form.

        Returns:
            Tokens `[batch, length, dim]`; an absent row is all False.
        """
        present = features.present
        if bool(present.all()):
            return self.encode(features)
        if not bool(present.any()):
            values = next(self.parameters()).new_zeros(len(features), 1, self.dim)
            return Tokens(values, present.unsqueeze(1))
        tokens = self.encode(features[present])
        return Tokens(scatter_rows(tokens.values, present), scatter_rows(tokens.mask, present))

    @abstractmethod
    def encode(self, features: Features, /) -> Tokens:
        """Return the tokens of rows that all have this modality."""
