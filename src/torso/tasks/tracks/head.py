"""A set of tracks: every cell of every frame proposes one that begins there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.assignment import matched
from torso.core.blocks import Block, grid_positions, positions
from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.tasks._base.grid_head import Grid, cell_middles
from torso.tasks._base.head import Head
from torso.tasks.boxes.box_geometry import apart, centred, corners_around, likely

__all__ = ["TrackSet"]

_NOT_THERE = (
    -20.0
)  # logit of being there in a frame before the track begins, or that the video lacks
_PLACE = (
    10.0  # cost of a cell's distance between a proposal and where the track begins, in the matching
)
_NEAR = 0.1  # how fast attention falls with the square of a distance in cells, before training


class _Pairs(NamedTuple):
    """Which proposals are matched with which tracks, by position, `[pairs]` each."""

    row: Tensor
    proposal: Tensor
    track: Tensor


class TrackSet(Head, form="tracks", name="set"):
    """Set prediction of whole tracks: one class, and in every frame a box and whether it is there.

    As in VisTR (Wang et al., CVPR 2021, https://arxiv.org/abs/2011.14503) one proposal answers for a thing in all
    frames, and proposals and true tracks are matched once per clip, by class probability and the mean distance of
    their boxes; so who is who needs no linking afterwards. The loss is the cross-entropy of the class, "nothing" for
    what is not matched, and for what is, the mean distance of `boxes/set` over the frames in which the track has a
    box and the Bernoulli likelihood of having one; all divided by the number of a row's tracks.

    Differences, for small data: the proposals are the cells of a coarse grid of every frame instead of learned
    queries, and a track is matched among those of the frame in which it begins, as TrackFormer (Meinhardt, Kirillov,
    Leal-Taixé, Feichtenhofer, CVPR 2022, https://arxiv.org/abs/2101.02702) starts a track where it first sees a
    thing; it is not there before. A cell's distance from there costs more than all else, so place settles who is to
    answer, and no rivalry of neighbours has to be learnt first. Cells see each other over space and time in transformer blocks. A proposal then
    looks into each later frame on its own: a softmax over that frame's cells, near ones first, whose mean place is
    where its box starts. There is no decoder, no mask, and no step from frame to frame.

    The loss is no likelihood of tracks. No more tracks may begin in a frame than the grid has cells; the rest is not
    learnt. The work grows with the square of frames times cells.

    Args:
        token_dim: width of the tokens.
        of: name of the video.
        classes: number of classes.
        frames: that are read of a video.
        cells: side of the grid of proposals of a frame; that of the tokens if they are fewer.
        depth: number of transformer blocks.
        nothing: weight of the class "nothing" in the cross-entropy; probabilities are those without it.
        keep: tracks that an answer holds, the likeliest.
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
        frames: int,
        *,
        cells: Annotated[int, Range(4, 16)] = 8,
        depth: Annotated[int, Range(1, 4)] = 2,
        nothing: Annotated[float, Range(0.05, 1.0, log=True)] = 0.2,
        keep: int = 32,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, token_dim, hidden=hidden, dropout=dropout)
        for name, value in {"cells": cells, "keep": keep}.items():
            if value < 1:
                raise ValueError(f"Parameter `{name}` should be at least 1. Found {value}.")
        if not 0 < nothing <= 1:
            raise ValueError(f"Parameter `nothing` should be above 0, at most 1. Found {nothing}.")
        self.grid = Grid(of, frames)
        self.frames = frames
        self.classes = classes
        self.cells = cells
        self.nothing = nothing
        self.keep = keep
        self.inward = nn.Conv2d(token_dim, token_dim, 3, padding=1)
        self.blocks = nn.ModuleList(Block(token_dim, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(token_dim)
        self.query = nn.Linear(token_dim, token_dim)
        self.key = nn.Linear(token_dim, token_dim, bias=False)  # softmax would not see a bias
        self.near = nn.Parameter(torch.tensor(math.log(_NEAR)))
        self.own = nn.Linear(token_dim, token_dim)
        self.found = nn.Linear(token_dim, token_dim, bias=False)
        self.boxes = nn.Linear(token_dim, 5)
        self.names = nn.Linear(token_dim, classes + 1)

    def forward(self, features: Tensor, tokens: Mapping[str, Tokens] | None = None, /) -> Tensor:
        """Return `[batch, proposals, classes + 1 + 5 * frames]`, the proposals frame by frame.

        They are logits of the classes and of nothing and then, for each frame, centre and sides before they are
        squashed, and the logit of being there.
        """
        grid = functional.gelu(self.inward(self.grid(tokens)))
        seen = self.grid.seen(tokens)
        if grid.shape[2] > self.cells:
            grid = functional.adaptive_avg_pool2d(grid, self.cells)
        side, dim = grid.shape[2], grid.shape[1]
        x = grid.flatten(2).transpose(1, 2) + grid_positions(side, side, dim, grid)
        x = x.reshape(-1, self.frames, side**2, dim) + positions(self.frames, dim, x).unsqueeze(1)
        x = x.flatten(1, 2) + self.layers(features).unsqueeze(1)
        cells = Tokens(x, seen.repeat_interleave(side**2, dim=1))
        for block in self.blocks:
            cells = block(cells)
        return self._followed(self.norm(cells.values), seen)

    def _followed(self, x: Tensor, seen: Tensor) -> Tensor:
        """Return the outputs from the cells `[batch, frames * places, dim]`, each of which proposes a track."""
        weights, middles = self._looks(x)
        values = self.found(x).view(x.shape[0], self.frames, len(middles), x.shape[2])
        looked_up = torch.einsum("bqfp,bfpd->bqfd", weights, values)
        known = functional.gelu(
            self.own(x).unsqueeze(2) + looked_up
        )  # [batch, proposals, frames, dim]
        raw = self.boxes(known)
        centre = torch.logit((weights @ middles).clamp(1e-4, 1 - 1e-4)) + raw[..., :2]
        frame = torch.arange(self.frames, device=x.device)
        begun = frame >= frame.repeat_interleave(len(middles)).unsqueeze(1)  # [proposals, frames]
        open_ = begun & seen.unsqueeze(1)
        there = raw[..., 4:].masked_fill(~open_.unsqueeze(3), _NOT_THERE)
        share = open_ / open_.sum(dim=2, keepdim=True).clamp(min=1)
        names = self.names(torch.einsum("bqf,bqfd->bqd", share.to(known.dtype), known))
        boxes = torch.cat([centre, raw[..., 2:4], there], dim=3)
        return torch.cat([names, boxes.flatten(2)], dim=2)

    def _looks(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return where each proposal looks in each frame, `[batch, proposals, frames, places]`, and those places."""
        places = x.shape[1] // self.frames
        middles = cell_middles(math.isqrt(places), x)
        offsets = middles.unsqueeze(1) - middles  # [places, places, 2]
        away = offsets.square().sum(dim=2) * places  # in cells, squared
        scores = self.query(x) @ self.key(x).transpose(1, 2) / x.shape[2] ** 0.5
        scores = scores - self.near.exp() * away.repeat(self.frames, self.frames)
        return scores.view(*x.shape[:2], self.frames, places).softmax(dim=3), middles

    def labelled(self, targets: Tensor, /) -> Tensor:
        """Return bool `[batch]`: the rows whose tracks are known, even if there are none."""
        return ~targets[..., 4].isnan().flatten(1).all(dim=1)

    def _read(self, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of the classes, corners `[batch, proposals, frames, 4]` and logits of being there."""
        names = outputs[..., : self.classes + 1]
        raw = outputs[..., self.classes + 1 :].reshape(*outputs.shape[:2], self.frames, 5)
        return names, corners_around(torch.sigmoid(raw[..., :2]), raw[..., 2:4]), raw[..., 4]

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the loss of each row, `[batch]`, of tracks `[batch, most, frames, 5]` as the kind lays them out."""
        names, corners, there = self._read(outputs)
        pairs = self._match(names.detach(), corners.detach(), targets)
        truth = targets[pairs.row, pairs.track].to(corners)  # [pairs, frames, 5]
        present = truth[..., 4] >= 0
        classes = torch.full(names.shape[:2], self.classes, device=names.device)
        classes[pairs.row, pairs.proposal] = truth[..., 4].amax(dim=1).long()
        each = functional.cross_entropy(names.transpose(1, 2), classes, reduction="none")
        weights = torch.where(classes < self.classes, 1.0, self.nothing).to(each)
        count = torch.bincount(pairs.row, minlength=len(outputs)).clamp(min=1)
        losses = (weights * each).sum(dim=1) / count
        away = _mean_distance(corners[pairs.row, pairs.proposal], truth)
        unsure = functional.binary_cross_entropy_with_logits(
            there[pairs.row, pairs.proposal], present.to(there), reduction="none"
        ).mean(dim=1)
        return losses.index_add(0, pairs.row, (away + unsure) / count[pairs.row])

    def _match(self, names: Tensor, corners: Tensor, targets: Tensor) -> _Pairs:
        """Return the cheapest matching of each row's tracks with the proposals of the frames in which they begin."""
        learnt = (targets[..., 4] >= 0) & (targets[..., 4] < self.classes)
        row, track = learnt.any(dim=2).nonzero(as_tuple=True)
        begin = learnt[row, track].int().argmax(dim=1)
        places = corners.shape[1] // self.frames
        start = begin.unsqueeze(1) * places + torch.arange(places, device=begin.device)
        own = row.unsqueeze(1), start  # [tracks, places]
        truth = targets[row, track].to(corners)
        costs = _costs(names[own], corners[own], truth, begin).cpu().numpy()
        place = _assigned(costs, (row * self.frames + begin).cpu().numpy()).to(row.device)
        use = place >= 0
        return _Pairs(row[use], (begin * places + place)[use], track[use])

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return `[batch, keep, frames, 8]`: corners, the likeliest class, and three probabilities.

        Corners are shares of the picture. The probabilities are those of the class, of being a thing at all, and of
        being there in the frame if so. Class and the first two are the same in all frames. Proposals that are there in
        no frame come last.
        """
        names, corners, there = self._read(outputs)
        # such as proposals that begin in frames that a video lacks
        never = (there <= _NOT_THERE).all(dim=2)
        each = likely(names, self.nothing)[..., :-1].masked_fill(never.unsqueeze(2), 0.0)
        thing = each.sum(dim=2)
        sure, named = each.max(dim=2)
        named = named.masked_fill(never, 0)
        # they are the last, and alike, so that it does not matter which of them are taken
        kept = thing.masked_fill(never, -1.0).topk(min(self.keep, thing.shape[1]), dim=1).indices
        row = torch.arange(kept.shape[0], device=kept.device).unsqueeze(1)
        own = torch.stack([named.to(sure), sure, thing.clamp(max=1)], dim=2)[row, kept].unsqueeze(2)
        boxes = corners.clamp(0, 1).masked_fill(never[..., None, None], 0.0)[row, kept]
        present = torch.sigmoid(there[row, kept].clamp(min=_NOT_THERE)).unsqueeze(3)
        return torch.cat([boxes, own.expand(-1, -1, self.frames, -1), present], dim=3)


def _costs(names: Tensor, corners: Tensor, truth: Tensor, begin: Tensor) -> Tensor:
    """Return the cost of each place, `[tracks, places]`.

    Args:
        names: logits of the proposals, `[tracks, places, classes + 1]`.
        corners: of the proposals, `[tracks, places, frames, 4]`.
        truth: the tracks, `[tracks, frames, 5]`.
        begin: frame in which each begins.
    """
    places = names.shape[1]
    named = truth[..., 4].amax(dim=1).long().view(-1, 1, 1).expand(-1, places, -1)
    likely = torch.softmax(names, dim=2).gather(2, named).squeeze(2)
    box = truth[torch.arange(len(begin), device=begin.device), begin, :4]
    middles = cell_middles(math.isqrt(places), corners)
    far = torch.cdist(centred(box)[:, :2], middles) * math.isqrt(places)  # in cells
    return _PLACE * far + _mean_distance(corners, truth.unsqueeze(1)) - likely


def _assigned(costs: np.ndarray, rivals: np.ndarray) -> Tensor:
    """Return the place of each track, `[tracks]`, -1 for none; tracks of equal `rivals` take different ones."""
    place = np.full(len(costs), -1)
    for rival in np.unique(rivals):
        among = np.flatnonzero(rivals == rival)
        tracks, chosen = matched(costs[among])
        place[among[tracks]] = chosen
    return torch.from_numpy(place)


def _mean_distance(corners: Tensor, truth: Tensor) -> Tensor:
    """Return the mean distance `[...]` of `corners` `[..., frames, 4]` over the frames in which there is a true box."""
    present = truth[..., 4] >= 0
    each = apart(corners, truth[..., :4].nan_to_num(0.0))
    return torch.where(present, each, 0.0).sum(dim=-1) / present.sum(dim=-1).clamp(min=1)
