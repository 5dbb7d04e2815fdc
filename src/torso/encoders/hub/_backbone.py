"""The interface of a pretrained backbone, wherever its code and its weights come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from torso.core.types import Features, Tokens

__all__ = ["Backbone", "as_pixels", "as_samples"]


class Backbone(nn.Module, ABC):
    """A pretrained network with its own preprocessing: values and mask in, tokens of its own width out.

    Attributes:
        width: of a token.
    """

    width: int

    @property
    def most_steps(self) -> int | None:
        """Steps of a row that it reads at most; None for any number."""
        return None

    @abstractmethod
    def forward(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Return the tokens of rows that all have the modality, `[batch, length, width]`."""

    def check(self, values: Tensor, mask: Tensor, /) -> None:
        """Raise a ValueError for rows that this network cannot read. Default: it reads all."""

    @abstractmethod
    def blocks(self) -> Sequence[nn.Module]:
        """Return the layers from first to last, which `last_n` counts."""

    @abstractmethod
    def example(self) -> Features:
        """Return one small row, as it would come from the data."""

    def checkpoint(self) -> None:
        """Keep only the inputs of the layers for the backward pass, and compute the rest again."""
        raise ValueError(f"{type(self).__name__} knows no `checkpointing`.")


def as_pixels(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return pictures `[batch, 3, height, width]` from 0 to 1."""
    x = values.to(dtype)
    if not values.is_floating_point():
        x = x / 255.0
    return x.permute(0, 3, 1, 2)


def as_samples(values: Tensor, mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Return recordings `[batch, samples]` from -1 to 1, with silence after their end."""
    x = values.masked_fill(~mask, 0).to(dtype)
    return x if values.is_floating_point() else x / 32767.0
