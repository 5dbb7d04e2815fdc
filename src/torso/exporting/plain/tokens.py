"""Columns of the flat view that a graph makes itself: pooled tokens of frozen encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from torso.core.tensors import Named
from torso.core.types import Features
from torso.plain.flat.token_columns import TokenColumns

__all__ = ["FilledColumns"]


class FilledColumns(nn.Module):
    """The dense part of the flat view, with the columns that are made of tokens.

    Args:
        made: of a view, at least one modality.
        columns: of the dense part.
    """

    order: Tensor

    def __init__(self, made: Sequence[TokenColumns], columns: int) -> None:
        super().__init__()
        self.pooled: Named[_Pooled] = Named({own.modality: _Pooled(own) for own in made})
        order, width = np.arange(columns), columns
        for own in made:
            order[own.places] = np.arange(len(own.places)) + width
            width += len(own.places)
        self.register_buffer("order", torch.from_numpy(order), persistent=False)

    def forward(self, dense: Tensor, features: Mapping[str, Features]) -> Tensor:
        """Return float32 `[rows, columns]`.

        Args:
            dense: the columns, those of tokens with any values.
            features: modality -> tokens of its frozen encoder.
        """
        made = [own(features[name]) for name, own in self.pooled.pairs()]
        return torch.cat([dense, *made], dim=1).index_select(1, self.order)


class _Pooled(nn.Module):
    """Columns of one modality, as `TokenColumns.columns` says them.

    Args:
        own: the columns.
    """

    mean: Tensor
    components: Tensor
    picked: Tensor

    def __init__(self, own: TokenColumns) -> None:
        super().__init__()
        reader = own.flattener
        self.reduces = bool(reader.mean.size)
        self.register_buffer("picked", torch.from_numpy(own.picked), persistent=False)
        self.register_buffer("mean", torch.from_numpy(reader.mean), persistent=False)
        components = reader.components[:, own.picked] if self.reduces else reader.components
        self.register_buffer("components", torch.from_numpy(components.copy()), persistent=False)

    def forward(self, tokens: Features) -> Tensor:
        """Return float32 `[rows, columns]`, NaN in rows without tokens."""
        there = tokens.mask.unsqueeze(2)
        # float64 as in numpy, and whatever padding holds counts nothing
        whole = torch.where(there, tokens.values.double(), 0.0).sum(dim=1)
        said = (whole / there.sum(dim=1).clamp(min=1)).float()
        if self.reduces:
            said = (said - self.mean) @ self.components
        else:
            said = said.index_select(1, self.picked)
        return torch.where(tokens.present.unsqueeze(1), said, torch.nan)
