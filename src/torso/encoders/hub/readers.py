"""Pictures, videos and texts through networks of the library transformers."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from torso.core.types import Features, Tokens
from torso.encoders.hub._backbone import as_pixels
from torso.encoders.hub._model import LibraryModel

__all__ = ["PictureReader", "TextReader", "VideoReader"]


class PictureReader(LibraryModel):
    """A network of pictures; its tokens are patches, or the cells of its last map.

    Args:
        model: the network.
        mean: of each channel from 0 to 1, as it was trained; default one half.
        std: likewise.
    """

    def __init__(
        self, model: Any, mean: Sequence[float] | None = None, std: Sequence[float] | None = None
    ) -> None:
        super().__init__(model)
        self.register_buffer("mean", torch.tensor(mean or [0.5] * 3).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std or [0.5] * 3).view(3, 1, 1))
        size = getattr(model.config, "image_size", 32)
        self.size = size if isinstance(size, int) else size[0]
        known = inspect.signature(model.forward).parameters
        self.stretches = "interpolate_pos_encoding" in known

    mean: Tensor
    std: Tensor

    def forward(self, features: Features, /) -> Tokens:
        """Read `[batch, height, width, 3]`."""
        hidden = self._read(self._normalised(features))
        if hidden.ndim == 4:
            hidden = hidden.flatten(2).transpose(1, 2)  # [batch, cells, width]
        return Tokens(hidden, features.mask.unsqueeze(1).expand(-1, hidden.shape[1]))

    def _normalised(self, features: Features) -> Tensor:
        return (as_pixels(features, self.dtype) - self.mean) / self.std

    def _read(self, pixels: Tensor) -> Tensor:
        """Return what the network makes of `[..., 3, height, width]`."""
        other = self.stretches and pixels.shape[-1] != self.size
        how = {"interpolate_pos_encoding": True} if other else {}
        hidden: Tensor = self.model(pixel_values=pixels.contiguous(), **how).last_hidden_state
        return hidden

    def example(self) -> Features:
        """Return a black picture."""
        black = torch.zeros(1, self.size, self.size, 3, dtype=torch.uint8)
        return Features(black, torch.ones(1, dtype=torch.bool))


class VideoReader(PictureReader):
    """A network of videos, such as VideoMAE, that reads a number of frames of its own.

    A video of fewer frames is shown slower, one of more faster: each of the network's moments is the frame nearest to
    it, so that no moment is empty.

    Args:
        model: the network.
        mean: of each channel from 0 to 1, as it was trained; default one half.
        std: likewise.
    """

    def __init__(
        self, model: Any, mean: Sequence[float] | None = None, std: Sequence[float] | None = None
    ) -> None:
        super().__init__(model, mean, std)
        self.frames = int(model.config.num_frames)

    def forward(self, features: Features, /) -> Tokens:
        """Read `[batch, frames, height, width, 3]`, whose True frames stand first."""
        batch = len(features)
        moments = torch.arange(self.frames, device=features.mask.device)
        places = (2 * moments + 1) * features.mask.sum(dim=1, keepdim=True) // (2 * self.frames)
        rows = torch.arange(batch, device=places.device).unsqueeze(1)
        shown = features.values[rows, places].flatten(0, 1)
        pixels = self._normalised(Features(shown, features.mask.new_ones(len(shown))))
        hidden = self._read(pixels.view(batch, self.frames, *pixels.shape[1:]))
        return Tokens(hidden, features.mask.new_ones(hidden.shape[:2]))

    def example(self) -> Features:
        """Return black frames."""
        black = torch.zeros(1, self.frames, self.size, self.size, 3, dtype=torch.uint8)
        return Features(black, torch.ones(1, self.frames, dtype=torch.bool))


class TextReader(LibraryModel):
    """A network of token ids, one token out for each one in."""

    def forward(self, features: Features, /) -> Tokens:
        """Read token ids `[batch, length]`, whose True cells stand first.

        Raises:
            ValueError: a text is longer than the network has positions, or an id is not in its vocabulary.
        """
        mask = features.mask
        ids = features.values.masked_fill(~mask, 0)
        self._check(ids)
        hidden = self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return Tokens(hidden, mask)

    def _check(self, ids: Tensor) -> None:
        config = self.model.config
        longest = getattr(config, "max_position_embeddings", None)
        # RoBERTa-like networks count positions from behind the padding index.
        offset = (config.pad_token_id or 0) + 1 if "roberta" in config.model_type else 0
        if longest and ids.shape[1] + offset > longest:
            raise ValueError(
                f"A text should have at most {longest - offset} tokens for this model. Found {ids.shape[1]}. "
                "Lower the `length` of the text input."
            )
        if ids.numel() and int(ids.max()) >= config.vocab_size:
            raise ValueError(
                f"Token ids should be below {config.vocab_size}, the model's vocabulary. Found {int(ids.max())}. "
                "Give the text input the model's `tokenizer`."
            )

    def example(self) -> Features:
        """Return four tokens."""
        return Features(torch.zeros(1, 4, dtype=torch.int64), torch.ones(1, 4, dtype=torch.bool))
