"""Pictures and videos through networks of the library transformers."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor

from torso.core.types import Features, Tokens
from torso.encoders.hub._backbone import as_pixels
from torso.encoders.hub._library_backbone import LibraryBackbone, Network

__all__ = ["PictureBackbone", "VideoBackbone"]


class PictureBackbone(LibraryBackbone):
    """A network of pictures; its tokens are patches, or the cells of its last map.

    Args:
        mean: of each channel from 0 to 1, as it was trained; default one half.
        std: likewise.
    """

    def __init__(
        self,
        model: Network,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        super().__init__(model)
        self.register_buffer("mean", torch.tensor(mean or [0.5] * 3).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std or [0.5] * 3).view(3, 1, 1))
        size = getattr(model.config, "image_size", 32)
        self.size = size if isinstance(size, int) else size[0]
        known = inspect.signature(model.forward).parameters
        self.interpolates = "interpolate_pos_encoding" in known

    mean: Tensor
    std: Tensor

    def forward(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read `[batch, height, width, 3]`."""
        hidden = self._read(self._normalised(values))
        if hidden.ndim == 4:
            hidden = hidden.flatten(2).transpose(1, 2)  # [batch, cells, width]
        return Tokens(hidden, mask.unsqueeze(1).expand(-1, hidden.shape[1]))

    def _normalised(self, values: Tensor) -> Tensor:
        return (as_pixels(values, self.dtype) - self.mean) / self.std

    def _read(self, pixels: Tensor) -> Tensor:
        """Return the last hidden states of `[..., 3, height, width]`."""
        resized = self.interpolates and pixels.shape[-1] != self.size
        options = {"interpolate_pos_encoding": True} if resized else {}
        hidden: Tensor = self.model(pixel_values=pixels.contiguous(), **options).last_hidden_state
        return hidden

    def example(self) -> Features:
        """Return a black picture."""
        black = torch.zeros(1, self.size, self.size, 3, dtype=torch.uint8)
        return Features(black, torch.ones(1, dtype=torch.bool))


class VideoBackbone(PictureBackbone):
    """A network of videos, such as VideoMAE, that reads a number of frames of its own.

    A video of fewer frames is shown slower, one of more faster: each of the network's moments is the frame nearest to
    it, so that no moment is empty.
    """

    def __init__(
        self,
        model: Network,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        super().__init__(model, mean, std)
        self.frames = int(model.config.num_frames)

    def forward(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read `[batch, frames, height, width, 3]`, whose True frames stand first."""
        batch = values.shape[0]
        moments = torch.arange(self.frames, device=mask.device)
        number = (2 * moments + 1) * mask.sum(dim=1, keepdim=True) // (2 * self.frames)
        rows = torch.arange(batch, device=mask.device).unsqueeze(1)
        pixels = self._normalised(values[rows, number].flatten(0, 1))
        hidden = self._read(pixels.view(batch, self.frames, *pixels.shape[1:]))
        return Tokens(hidden, mask.new_ones(hidden.shape[:2]))

    def example(self) -> Features:
        """Return black frames."""
        black = torch.zeros(1, self.frames, self.size, self.size, 3, dtype=torch.uint8)
        return Features(black, torch.ones(1, self.frames, dtype=torch.bool))
