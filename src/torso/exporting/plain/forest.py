"""Randomised trees of several tasks: an ensemble that says the leaves of a row, and tables of their answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from torso.exporting.plain.rows import FlatRows
from torso.exporting.plain.trees import TreeEnsemble, Trees
from torso.plain.models._mean_trees import MeanTrees
from torso.plain.models.forest import FARTHEST, FLOOR, GAP, ExtraTrees

__all__ = ["ForestStatements"]


class ForestStatements(nn.Module):
    """Statements of randomised trees, a tensor for each model.

    Args:
        models: at least one.
    """

    def __init__(self, models: Sequence[ExtraTrees]) -> None:
        super().__init__()
        forests = [forest for model in models for forest in model.forests]
        self.ensemble = None
        if forests:
            self.ensemble = TreeEnsemble(Trees.of_leaves(MeanTrees.joined(forests)))
        self.trees = [len(forest.roots) for forest in forests]
        self.starts = np.cumsum([0, *(len(forest.leaves) for forest in forests)]).tolist()
        self.models = nn.ModuleList([_Statement(model) for model in models])

    def forward(self, rows: FlatRows) -> list[Tensor]:
        """Return log-probabilities, logits or means, float64 `[rows, width]` for each model."""
        leaves: list[Tensor] = []
        if self.ensemble is not None:
            filled = torch.where(rows.dense.isnan(), GAP, rows.dense).clamp(-FARTHEST, FARTHEST)
            leaves += torch.split(self.ensemble(filled).long(), self.trees, dim=1)
        own = iter([leaf - start for leaf, start in zip(leaves, self.starts, strict=False)])
        count = rows.dense.shape[0]
        return [
            model([next(own) for _ in range(model.forests)], count)  # type: ignore[arg-type]
            for model in self.models
        ]


class _Statement(nn.Module):
    """The statement of a model from the leaves of its forests.

    Args:
        model: it.
    """

    offsets: Tensor
    order: Tensor

    def __init__(self, model: ExtraTrees) -> None:
        super().__init__()
        self.family, self.forests = model.family, len(model.forests)
        for number, forest in enumerate(model.forests):
            self.register_buffer(f"leaves_{number}", torch.from_numpy(forest.leaves), False)
        # columns as they stand when the forests' follow each other, those that are not learnt last
        made = np.argsort(
            np.where(model.outputs < 0, len(model.forests), model.outputs), kind="stable"
        )
        left = model.offsets[model.outputs < 0]
        self.register_buffer("offsets", torch.from_numpy(left), persistent=False)
        self.register_buffer("order", torch.from_numpy(np.argsort(made)), persistent=False)

    def forward(self, leaves: Sequence[Tensor], rows: int) -> Tensor:
        """Return the statement, float64 `[rows, width]`.

        Args:
            leaves: in which the rows end, int64 `[rows, trees]` for each forest.
            rows: their number.
        """
        tables = [getattr(self, f"leaves_{number}") for number in range(self.forests)]
        said = [
            self._in_form(embedding(own, table).double().mean(dim=1))
            for table, own in zip(tables, leaves, strict=True)
        ]
        if len(self.offsets):
            said.append(self.offsets.expand(rows, -1))
        return torch.cat(said, dim=1).index_select(1, self.order)

    def _in_form(self, means: Tensor) -> Tensor:
        """Return means of trees as a statement, as `ExtraTrees` does."""
        if self.family == "values":
            return means
        sides = means.shape[1] if self.family == "classes" else 2
        chances = (means.clamp(0.0, 1.0) + FLOOR / sides) / (1.0 + FLOOR)
        if self.family == "classes":
            return (chances / chances.sum(dim=1, keepdim=True)).log()
        return chances.log() - torch.log(1 - chances)
