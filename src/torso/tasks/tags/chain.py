"""A linear-chain conditional random field: a likelihood of whole sequences, exact by recursion over their steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["FAST", "Chain"]

FAST = 10.0
"""Scores per unit of a parameter. They are few and go as far as logits do, while an optimiser such as Adam moves every
parameter by the same little per step; kept in these units they arrive when the emissions do."""


class Chain(nn.Module):
    """Scores of neighbouring classes, beside the scores of each step's class.

    Lafferty, McCallum and Pereira, ICML 2001. The score of a path is the sum of its `emissions` `[batch, steps,
    classes]`, of the transitions between neighbours, and of how likely its class is at the start. In all methods,
    `lengths` int64 `[batch]` says how many steps a row has, at least 1; what stands behind changes nothing.

    Args:
        classes: how many.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.raw_first = nn.Parameter(torch.zeros(classes))
        self.raw_moves = nn.Parameter(torch.zeros(classes, classes))  # from, to

    @property
    def first(self) -> Tensor:
        """Scores of the first step's class, `[classes]`."""
        return FAST * self.raw_first

    @property
    def moves(self) -> Tensor:
        """Scores of neighbouring classes, from and to, `[classes, classes]`."""
        return FAST * self.raw_moves

    def log_partition(self, emissions: Tensor, lengths: Tensor, scale: Tensor) -> Tensor:
        """Return the log of the summed exponentials of all paths' scores times `scale`, `[batch]`.

        A class with the emission -inf is on no path.
        """
        return self._forward(emissions, lengths, scale)[-1].logsumexp(dim=1)

    def marginals(self, emissions: Tensor, lengths: Tensor, scale: Tensor) -> Tensor:
        """Return the probability of each class at each step, `[batch, steps, classes]`."""
        scores, moves = scale * emissions, scale * self.moves
        before = torch.stack(self._forward(emissions, lengths, scale), dim=1)
        after = [torch.zeros_like(scores[:, 0])]
        for step in range(scores.shape[1] - 1, 0, -1):
            coming = (scores[:, step] + after[-1]).unsqueeze(1) + moves
            inside = (step < lengths).unsqueeze(1)
            after.append(torch.where(inside, coming.logsumexp(dim=2), 0.0))
        return torch.softmax(before + torch.stack(after[::-1], dim=1), dim=2)

    def best_path(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return the path of the highest score, int64 `[batch, steps]`, by the algorithm of Viterbi."""
        moves, score, came_from = self.moves, self.first + emissions[:, 0], []
        places = torch.arange(emissions.shape[2], device=emissions.device).expand_as(score)
        for step in range(1, emissions.shape[1]):
            best, origin = (score.unsqueeze(2) + moves).max(dim=1)
            inside = (step < lengths).unsqueeze(1)
            score = torch.where(inside, best + emissions[:, step], score)
            came_from.append(torch.where(inside, origin, places))
        path = [score.argmax(dim=1, keepdim=True)]
        for origin in reversed(came_from):
            path.append(origin.gather(1, path[-1]))
        return torch.cat(path[::-1], dim=1)

    def _forward(self, emissions: Tensor, lengths: Tensor, scale: Tensor) -> list[Tensor]:
        """Return after each step the log of the summed paths that end in each class, `[batch, classes]`."""
        scores, moves = scale * emissions, scale * self.moves
        sums = [scale * self.first + scores[:, 0]]
        for step in range(1, scores.shape[1]):
            going = (sums[-1].unsqueeze(2) + moves).logsumexp(dim=1) + scores[:, step]
            sums.append(torch.where((step < lengths).unsqueeze(1), going, sums[-1]))
        return sums
