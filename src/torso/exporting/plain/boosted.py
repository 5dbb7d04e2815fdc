"""Boosted trees of several tasks as one ensemble, on numbers, codes and mean labels of categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from torso.exporting.plain.rows import FlatRows
from torso.exporting.plain.trees import TreeEnsemble, Trees
from torso.plain.models.trees import FARTHEST, BoostedTrees, joined

__all__ = ["BoostedStatements"]


class BoostedStatements(nn.Module):
    """Statements of boosted trees that read means of the same categories, a tensor for each model.

    Values and limits are float64: a float32 number is compared with the limit that LightGBM wrote, bit for bit.

    Args:
        models: at least one.
        columns: of the dense part of the flat view.
    """

    table: Tensor
    offsets: Tensor
    coded: Tensor
    sizes: Tensor
    starts: Tensor

    def __init__(self, models: Sequence[BoostedTrees], columns: int) -> None:
        super().__init__()
        table, forest, offsets = joined(models, columns)
        _, coded, sizes = models[0].means
        arrays = {
            "table": table,
            "offsets": offsets,
            "coded": np.array(coded, np.int64),
            "sizes": np.array(sizes, np.int64),
            "starts": np.cumsum([0, *sizes])[:-1].astype(np.int64),
        }
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(array), persistent=False)
        self.families = [model.family for model in models]
        self.widths = [len(model.offsets) for model in models]
        self.ensemble = (
            TreeEnsemble(Trees.of_sums(forest, len(offsets))) if len(forest.starts) else None
        )

    def forward(self, rows: FlatRows) -> list[Tensor]:
        """Return log-probabilities, logits or means, float64 `[rows, width]` for each model."""
        if self.ensemble is None:
            said = self.offsets.expand(rows.dense.shape[0], -1)
        else:
            said = self.ensemble(self._values(rows.dense)) + self.offsets
        return [
            torch.log_softmax(part, dim=1) if family == "classes" else part
            for family, part in zip(
                self.families, torch.split(said, self.widths, dim=1), strict=True
            )
        ]

    def _values(self, dense: Tensor) -> Tensor:
        """Return the columns that trees test, float64: the dense part, and means of the rows' categories."""
        values = dense.double().clamp(-FARTHEST, FARTHEST)
        if not len(self.coded):
            return values
        codes = values.index_select(1, self.coded)
        codes = torch.where(codes.isnan(), -1.0, codes).long() + 1
        codes = torch.where(codes < self.sizes, codes, 1)  # unknown since the fit
        return torch.cat([values, embedding(codes + self.starts, self.table).flatten(1)], dim=1)
