"""Numbers for every pixel: a small decoder above the tokens of a picture, and the absolute error per pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.tasks._base.grid_head import Grid, GridDecoder
from torso.tasks._base.head import Head

__all__ = ["MapDecoder"]

_CANVAS = 8
_LEAST = 1e-3  # of a channel's spread: a surer likelihood would do nothing but amplify


class MapDecoder(Head, form="map", name="decoder"):
    """Laplace likelihood of each pixel and channel, averaged over the labelled numbers of a row.

    Its negative logarithm is the absolute error, in units of a scale that is learned for each channel and refitted on
    held-out rows: an edge that lies one pixel off costs what it measures, not its square. The decoder is that of
    `mask/decoder`, in standardised units; for pictures, the body's vector is painted on a coarse map first, so that a
    picture of which nothing is seen can be restored from the other inputs.

    Args:
        token_dim: width of the tokens.
        of: name of the picture.
        size: `[height, width]` of the map.
        mean: of each channel.
        std: of each channel.
        colours: whether the map is a picture, which may have to be painted from other inputs alone.
        width: channels of the decoder.
        steps: of the decoder, each larger by the same factor.
        hidden: width of a hidden layer above the vector; 0 for none.
        dropout: on the vector, in training.
    """

    law_settings = ({"colours": True},)
    reads_tokens = True

    def __init__(
        self,
        dim: int,
        token_dim: int,
        of: str,
        size: Sequence[int],
        mean: Sequence[float],
        std: Sequence[float],
        colours: bool = False,
        *,
        width: Annotated[int, Range(16, 256, log=True)] = 32,
        steps: Annotated[int, Range(1, 4)] = 2,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, width, hidden=hidden, dropout=dropout)
        self.grid = Grid(of)
        self.decoder = GridDecoder(
            token_dim, width, len(mean), size, steps, _CANVAS if colours else 0
        )
        self.log_scale = nn.Parameter(torch.zeros(len(mean)))
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))

    mean: Tensor
    std: Tensor

    def forward(self, features: Tensor, tokens: Mapping[str, Tokens] | None = None, /) -> Tensor:
        """Return standardised medians `[batch, height, width, channels]`."""
        decoded: Tensor = self.decoder(self.grid(tokens), self.layers(features))
        return decoded.permute(0, 2, 3, 1)

    def _scale(self) -> Tensor:
        return self.log_scale.exp() + _LEAST

    def _errors(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return standardised absolute errors, 0 where unknown, and where they are known."""
        known = ~targets.isnan()
        truth = (targets - self.mean) / self.std
        return torch.where(known, outputs - torch.where(known, truth, 0.0), 0.0).abs(), known

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the mean over each row's labelled numbers, `[batch]`, in standardised units."""
        errors, known = self._errors(outputs, targets)
        scale = self._scale()
        each = torch.where(known, errors / scale + (2 * scale).log(), 0.0)
        return each.flatten(1).sum(dim=1) / known.flatten(1).sum(dim=1).clamp(min=1)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return medians in the map's own unit, `[batch, height, width, channels]`."""
        return outputs * self.std + self.mean

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set each channel's scale to the mean absolute error of held-out rows, where they make that likelier."""
        rows = self.labelled(targets)
        if not bool(rows.any()):
            return
        before, kept = float(self.loss(outputs, targets)), self.log_scale.clone()
        errors, known = self._errors(outputs[rows], targets[rows])
        each = known.flatten(1).sum(dim=1).clamp(min=1)[:, None]  # a row counts as one row
        total = (errors.flatten(1, 2).sum(dim=1) / each).sum(dim=0)
        count = (known.flatten(1, 2).sum(dim=1) / each).sum(dim=0)
        best = total / count.clamp(min=1e-12) - _LEAST
        self.log_scale.copy_(torch.where(count > 0, best.clamp(min=1e-6).log(), kept))
        if not float(self.loss(outputs, targets)) <= before:
            self.log_scale.copy_(kept)
