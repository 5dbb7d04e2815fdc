"""A set of boxes: cells of a grid propose them, matched with true boxes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.assignment import matched
from torso.core.blocks import Block, grid_positions
from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.tasks._base.grid_head import Grid, cell_middles
from torso.tasks._base.head import Head
from torso.tasks.boxes.box_geometry import apart, corners_around, likely

__all__ = ["BoxSet"]


class BoxSet(Head, form="boxes", name="set"):
    """Set prediction: no anchors and no suppression of neighbours, since one-to-one matching rewards only one.

    Carion, Massa, Synnaeve, Usunier, Kirillov and Zagoruyko, DETR, ECCV 2020 (https://arxiv.org/abs/2005.12872): the
    cheapest matching of proposals and true boxes by class probability, L1 distance and generalised IoU; the loss is
    the cross-entropy of the class, "nothing" for what is not matched, and the two distances of what is. Differences,
    for small data: the proposals are the cells of a coarse grid of the picture's tokens, which look at each other in
    transformer blocks, instead of learned queries; a box's centre starts at its cell (as with the reference points of
    Zhu et al., Deformable DETR, ICLR 2021, https://arxiv.org/abs/2010.04159); the body's vector is added to every
    cell; distances are averaged over the boxes of a row, not of a batch.

    The loss is no likelihood of boxes. A row may have no more boxes than the grid has cells; the rest is not learnt.

    Args:
        token_dim: width of the tokens.
        of: name of the picture.
        classes: number of classes.
        cells: side of the grid of proposals; that of the tokens if they are fewer.
        depth: number of transformer blocks.
        nothing: weight of the class "nothing" in the cross-entropy; probabilities are those without it.
        hidden: width of a hidden layer above the vector; 0 for none.
        dropout: on the vector and in the blocks, in training.
    """

    reads_tokens = True

    def __init__(
        self,
        dim: int,
        token_dim: int,
        of: str,
        classes: int,
        *,
        cells: Annotated[int, Range(4, 16)] = 8,
        depth: Annotated[int, Range(1, 4)] = 1,
        nothing: Annotated[float, Range(0.05, 1.0, log=True)] = 0.1,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, token_dim, hidden=hidden, dropout=dropout)
        if cells < 1:
            raise ValueError(f"Parameter `cells` should be at least 1. Found {cells}.")
        if not 0 < nothing <= 1:
            raise ValueError(f"Parameter `nothing` should be above 0, at most 1. Found {nothing}.")
        self.grid = Grid(of)
        self.classes = classes
        self.cells = cells
        self.nothing = nothing
        self.inward = nn.Conv2d(token_dim, token_dim, 3, padding=1)
        self.blocks = nn.ModuleList(Block(token_dim, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(token_dim)
        self.outward = nn.Sequential(
            nn.Linear(token_dim, token_dim), nn.GELU(), nn.Linear(token_dim, classes + 5)
        )

    def forward(self, features: Tensor, tokens: Mapping[str, Tokens] | None = None, /) -> Tensor:
        """Return `[batch, proposals, classes + 5]`: logits of the classes and of nothing, then the raw box."""
        grid = functional.gelu(self.inward(self.grid(tokens)))
        if grid.shape[2] > self.cells:
            grid = functional.adaptive_avg_pool2d(grid, self.cells)
        side, dim = grid.shape[2], grid.shape[1]
        x = grid.flatten(2).transpose(1, 2) + grid_positions(side, side, dim, grid)
        x = x + self.layers(features).unsqueeze(1)
        cells = Tokens(x, x.new_ones(x.shape[:2], dtype=torch.bool))
        for block in self.blocks:
            cells = block(cells)
        outputs: Tensor = self.outward(self.norm(cells.values))
        return outputs

    def labelled(self, targets: Tensor, /) -> Tensor:
        """Return bool `[batch]`: the rows whose boxes are known, even if there are none."""
        return ~targets[:, :, 4].isnan().all(dim=1)

    def corners(self, outputs: Tensor, /) -> Tensor:
        """Return the corners of all proposals, `[batch, proposals, 4]`, as shares of the picture."""
        side = math.isqrt(outputs.shape[1])
        start = torch.logit(cell_middles(side, outputs))
        raw = outputs[..., -4:]
        return corners_around(torch.sigmoid(start + raw[..., :2]), raw[..., 2:])

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the loss of each row, `[batch]`, of boxes `[batch, most, 5]` as the kind `boxes` lays them out."""
        corners = self.corners(outputs)
        row, proposal, box = self._match(outputs.detach(), corners.detach(), targets)
        truth = targets[row, box]
        classes = torch.full(outputs.shape[:2], self.classes, device=outputs.device)
        classes[row, proposal] = truth[:, 4].long()
        logits = outputs[..., :-4].transpose(1, 2)
        each = functional.cross_entropy(logits, classes, reduction="none")
        weights = torch.where(classes < self.classes, 1.0, self.nothing).to(each)
        losses = (weights * each).sum(dim=1) / weights.sum(dim=1)
        proposed = corners[row, proposal]
        count = torch.bincount(row, minlength=len(outputs)).clamp(min=1)
        return losses.index_add(0, row, apart(proposed, truth[:, :4]) / count[row])

    def _match(
        self, outputs: Tensor, corners: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return row, proposal and box of every pair in the cheapest matchings."""
        learnt = (targets[..., 4] >= 0) & (targets[..., 4] < self.classes)
        named = torch.where(learnt, targets[..., 4], 0.0).long()
        truth = targets[..., :4].to(corners)
        places = named.unsqueeze(1).expand(-1, outputs.shape[1], -1)
        sure = torch.softmax(outputs[..., :-4], dim=2).gather(2, places)
        costs = (
            (apart(corners[:, :, None], truth[:, None]) - sure).cpu().numpy()
        )  # [batch, proposals, most]
        there = learnt.cpu().numpy()
        pairs = [np.zeros((3, 0), np.int64)]
        for row in np.flatnonzero(there.any(axis=1)):
            boxes = np.flatnonzero(there[row])
            proposals, columns = matched(costs[row][:, boxes])
            own = np.full(len(proposals), row)
            pairs.append(np.stack([own, proposals, boxes[columns]]))
        matches = torch.from_numpy(np.concatenate(pairs, axis=1)).to(outputs.device)
        return matches[0], matches[1], matches[2]

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return `[batch, proposals, 6]`: corners as shares of the picture, likeliest class and its probability."""
        sure, named = likely(outputs[..., :-4], self.nothing)[..., :-1].max(dim=2)
        own = torch.stack([named.to(sure), sure], dim=2)
        return torch.cat([self.corners(outputs).clamp(0, 1), own], dim=2)
