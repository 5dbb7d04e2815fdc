"""Linear models of several tasks as one product, over words and categories, and over numbers cut into bins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from torso.exporting.plain.rows import FlatRows
from torso.plain.models._design import MOST
from torso.plain.models.linear import SparseLinear

__all__ = ["LinearStatements"]


class LinearStatements(nn.Module):
    """Statements of linear models that share a design, a tensor for each.

    Args:
        models: at least one.
    """

    columns: Tensor
    centres: Tensor
    scales: Tensor
    borders: Tensor
    steps: Tensor
    words: Tensor
    numbers: Tensor
    offsets: Tensor

    def __init__(self, models: Sequence[SparseLinear]) -> None:
        super().__init__()
        design = models[0].design
        weights = np.concatenate([model.weights for model in models], axis=1)
        count = len(design.columns) + design.borders.size + 1  # features made of numbers
        arrays = {
            "columns": design.columns,
            "centres": design.centres,
            "scales": design.scales,
            "borders": design.borders,
            "steps": design.steps,
            "words": weights[:-count],
            "numbers": weights[-count:],
            "offsets": np.concatenate([model.offsets for model in models]),
        }
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(array.copy()), persistent=False)
        self.size = float(design.size)
        self.families = [model.family for model in models]
        self.widths = [len(model.offsets) for model in models]

    def forward(self, rows: FlatRows) -> list[Tensor]:
        """Return log-probabilities, logits or means, float64 `[rows, width]` for each model."""
        said = self._features(rows.dense) @ self.numbers
        if len(self.words):
            read = embedding(rows.columns, self.words) * rows.values[:, None]  # [entries, width]
            words = torch.zeros_like(said).index_add(0, rows.rows, read)
            said = words * self.size + said
        parts = torch.split(said.double() + self.offsets, self.widths, dim=1)
        return [
            torch.log_softmax(part, dim=1) if family == "classes" else part
            for family, part in zip(self.families, parts, strict=True)
        ]

    def _features(self, dense: Tensor) -> Tensor:
        """Return the features made of numbers, as `Design.numbers` does; the last is the same in all rows."""
        values = dense.index_select(1, self.columns)
        known = values.isfinite()
        near = torch.where(known, (values - self.centres) * self.scales, 0.0).clamp(-MOST, MOST)
        there = torch.where(known, values, -torch.inf)[:, :, None]
        above = (there >= self.borders).to(values.dtype) * self.steps[:, None]
        constant = dense.new_ones((dense.shape[0], 1))
        features = [near, above.flatten(1), constant] if len(self.columns) else [constant]
        return torch.cat(features, dim=1) * self.size
