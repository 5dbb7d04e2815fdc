"""A class for every pixel: a small decoder above the tokens of a picture, and cross-entropy per pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.tasks._base.grid_head import Grid, GridDecoder
from torso.tasks._base.temperature import LogitHead

__all__ = ["MaskDecoder"]

_ENOUGH = 2**17
"""Pixels that set one factor: neighbours say much the same, and every one is looked at dozens of times."""


class MaskDecoder(LogitHead, form="mask", name="decoder"):
    """Categorical likelihood of each pixel, averaged over the labelled pixels of a row.

    Convolutions enlarge the grid of the picture's tokens to the size of the mask (`GridDecoder`), as in the decoders
    of Long, Shelhamer and Darrell, CVPR 2015 (https://arxiv.org/abs/1411.4038). Differences: one grid instead of
    several maps (a pyramid has merged them), and at every place the vector is added that the body gives for the row,
    so that text, numbers and other pictures have a say. A row counts as one row, however many of its pixels have a
    label. A row without the picture is answered from its other inputs alone.

    Args:
        token_dim: width of the tokens.
        of: name of the picture.
        size: `[height, width]` of the mask.
        classes: number of classes.
        width: channels of the decoder.
        steps: of the decoder, each larger by the same factor.
        hidden: width of a hidden layer above the vector; 0 for none.
        dropout: on the vector, in training.
    """

    reads_tokens = True

    def __init__(
        self,
        dim: int,
        token_dim: int,
        of: str,
        size: Sequence[int],
        classes: int,
        *,
        width: Annotated[int, Range(16, 256, log=True)] = 32,
        steps: Annotated[int, Range(1, 4)] = 2,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, width, hidden=hidden, dropout=dropout)
        self.grid = Grid(of)
        self.classes = classes
        self.decoder = GridDecoder(token_dim, width, classes, size, steps)

    def forward(self, features: Tensor, tokens: Mapping[str, Tokens] | None = None, /) -> Tensor:
        """Return logits `[batch, classes, height, width]`."""
        logits: Tensor = self.decoder(self.grid(tokens), self.layers(features))
        return logits

    def labelled(self, targets: Tensor, /) -> Tensor:
        """Return bool `[batch]`: the rows with a pixel whose class is known to this head."""
        return self._known(targets).flatten(1).any(dim=1)

    def _known(self, targets: Tensor) -> Tensor:
        return (targets >= 0) & (targets < self.classes)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the mean cross-entropy over each row's labelled pixels, of class indices `[batch, height, width]`."""
        known = self._known(targets)
        truth = torch.where(known, targets, 0).long()
        each = functional.cross_entropy(self.scale * outputs, truth, reduction="none")
        total = torch.where(known, each, 0.0).flatten(1).sum(dim=1)
        return total / known.flatten(1).sum(dim=1).clamp(min=1)

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set the factor of the logits as every head with logits does, by as many rows as hold enough pixels."""
        rows = self.labelled(targets).nonzero().squeeze(1)
        every = max(1, len(rows) * targets[0].numel() // _ENOUGH) if len(rows) else 1
        super().calibrate(outputs[rows[::every]], targets[rows[::every]])

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the likeliest class of each pixel, int64 `[batch, height, width]`."""
        return outputs.argmax(dim=1)

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return the `probability` of that class, `[batch, height, width]`."""
        return {"probability": torch.softmax(self.scale * outputs, dim=1).amax(dim=1)}
