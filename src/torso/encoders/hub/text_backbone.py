"""Texts through networks of the library transformers."""

from __future__ import annotations

import torch
from torch import Tensor

from torso.core.types import Features, Tokens
from torso.encoders.hub._library_backbone import LibraryBackbone

__all__ = ["TextBackbone"]


class TextBackbone(LibraryBackbone):
    """A network of token ids, one token out for each one in."""

    def forward(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read token ids `[batch, length]`, whose True cells stand first."""
        ids = values.masked_fill(~mask, 0)
        hidden = self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return Tokens(hidden, mask)

    @property
    def most_steps(self) -> int | None:
        """Tokens of a text that the network has positions for; None for any number."""
        config = self.model.config
        limit = getattr(config, "max_position_embeddings", None)
        # RoBERTa-like networks count positions from behind the padding index.
        offset = (config.pad_token_id or 0) + 1 if "roberta" in config.model_type else 0
        return limit - offset if limit else None

    def check(self, values: Tensor, mask: Tensor, /) -> None:
        """Check the length of the texts and their token ids.

        Raises:
            ValueError: a text is longer than the network has positions, or an id is not in its vocabulary.
        """
        config = self.model.config
        ids = values.masked_fill(~mask, 0)
        if self.most_steps and ids.shape[1] > self.most_steps:
            raise ValueError(
                f"A text should have at most {self.most_steps} tokens for this model. Found {ids.shape[1]}. "
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
