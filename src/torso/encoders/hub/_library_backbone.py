"""A network of the library transformers as a backbone: its layers, its width, its checkpointing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from torso.encoders.hub._backbone import Backbone

__all__ = ["LibraryBackbone", "Network"]

Network = Any
"""A network of the library transformers, which is imported late and typed nowhere."""


class LibraryBackbone(Backbone):
    """Base of the backbones around a network of the library.

    Args:
        model: the network.
    """

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model
        config = model.config
        config.use_cache = False  # of a generator; here every token is read once
        sizes = getattr(config, "hidden_sizes", None)  # of a convnet's stages
        self.width = int(sizes[-1] if sizes else config.hidden_size)

    @property
    def dtype(self) -> torch.dtype:
        """That of the weights."""
        dtype: torch.dtype = next(self.model.parameters()).dtype
        return dtype

    def blocks(self) -> Sequence[nn.Module]:
        """Return the list of layers that holds the most of the network."""
        lists = [module for module in self.model.modules() if isinstance(module, nn.ModuleList)]
        sizes = [sum(p.numel() for p in layers.parameters()) for layers in lists]
        return list(lists[sizes.index(max(sizes))]) if lists else []

    def checkpoint(self) -> None:
        """Compute the layers again in the backward pass."""
        newer = getattr(self.model, "activation_checkpointing_enable", None)
        enable = newer or self.model.gradient_checkpointing_enable
        enable({"use_reentrant": False})
