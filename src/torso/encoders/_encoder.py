"""The room's contract: `Features` of one modality in, `Tokens` out; absent rows cost nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import nn

from torso._tensors import scatter_rows, take_rows
from torso.registry import Registry
from torso.types import Features, Tokens

__all__ = ["Encoder"]

_GROUPS = 4
_LEAST = 16  # rows from which on grouping can pay
_WORTH = 4096  # padded steps that must be saved: fewer cost less than three more passes


class Encoder(nn.Module, ABC):
    """Base of all encoders.

    A subclass names the form of features it reads (`image`, `text`, `audio`, `numbers`, `categories`,
    `vector`, `sequence`) and implements `encode` for rows that are present; the base class leaves absent
    rows out of the computation, so they neither cost time nor touch normalisation statistics. An encoder of
    `ragged` features, whose True cells of a row stand first, is given rows of like length together.

    `class ConvNet(Encoder, form="image", name="convnet")` files itself as `image/convnet`.
    """

    registry: ClassVar[Registry[Encoder]] = Registry("encoder")
    form: ClassVar[str] = ""
    ragged: ClassVar[bool] = False
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
            return self._by_length(features)
        if not bool(present.any()):
            values = next(self.parameters()).new_zeros(len(features), 1, self.dim)
            return Tokens(values, present.unsqueeze(1))
        tokens = self._by_length(features[present])
        return Tokens(scatter_rows(tokens.values, present), scatter_rows(tokens.mask, present))

    def _by_length(self, features: Features) -> Tokens:
        """Encode rows of like length together, so that one long row does not pad all others."""
        if not self.ragged or features.mask.ndim == 1 or len(features) < _LEAST:
            return self.encode(features)
        lengths = features.mask.sum(dim=1)
        order = lengths.argsort()
        groups = torch.split(order, -(-len(order) // _GROUPS))
        longest = [int(lengths[rows].max()) for rows in groups]
        steps = sum(length * len(rows) for length, rows in zip(longest, groups, strict=True))
        if features.mask.numel() - steps < _WORTH:
            return self.encode(features)
        parts = [
            self.encode(Features(features.values[rows, :length], features.mask[rows, :length]))
            for rows, length in zip(groups, longest, strict=True)
        ]
        return take_rows(parts, order.argsort())

    @abstractmethod
    def encode(self, features: Features, /) -> Tokens:
        """Return the tokens of rows that all have this modality."""
