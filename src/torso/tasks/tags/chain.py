"""A linear-chain conditional random field: a likelihood of whole sequences, exact by recursion over their steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torso.core.loops import State, states

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
        before = self._forward(emissions, lengths, scale)

        def back(state: State, each: State) -> State:
            coming = (each[0] + state[0]).unsqueeze(1) + moves
            return (torch.where(each[1], coming.logsumexp(dim=2), 0.0),)

        each = [part.flip(0) for part in _later_steps(scores, lengths)]
        after = states(back, (torch.zeros_like(scores[:, 0]),), each)[0].flip(0)
        return torch.softmax((before + after).transpose(0, 1), dim=2)

    def best_path(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return the path of the highest score, int64 `[batch, steps]`, by the algorithm of Viterbi."""
        moves = self.moves

        def onward(state: State, each: State) -> State:
            best, origin = (state[0].unsqueeze(2) + moves).max(dim=1)
            score = torch.where(each[1], best + each[0], state[0])
            return score, torch.where(each[1], origin, places)

        def back(state: State, each: State) -> State:
            return (each[0].gather(1, state[0]),)

        first = self.first + emissions[:, 0]
        places = torch.arange(emissions.shape[2], device=emissions.device).expand_as(first)
        scores, origins = states(onward, (first, places), _later_steps(emissions, lengths))
        last = scores[-1].argmax(dim=1, keepdim=True)
        path = states(back, (last,), [origins[1:].flip(0)])[0]
        return path.flip(0).squeeze(2).transpose(0, 1)

    def _forward(self, emissions: Tensor, lengths: Tensor, scale: Tensor) -> Tensor:
        """Return after each step the log of the summed paths that end in each class, `[steps, batch, classes]`."""
        scores, moves = scale * emissions, scale * self.moves

        def onward(state: State, each: State) -> State:
            going = (state[0].unsqueeze(2) + moves).logsumexp(dim=1) + each[0]
            return (torch.where(each[1], going, state[0]),)

        first = scale * self.first + scores[:, 0]
        return states(onward, (first,), _later_steps(scores, lengths))[0]


def _later_steps(scores: Tensor, lengths: Tensor) -> list[Tensor]:
    """Return scores of all steps but the first, `[steps - 1, batch, classes]`, and where rows have them."""
    later = torch.arange(1, scores.shape[1], device=scores.device)
    return [scores[:, 1:].transpose(0, 1), (later[:, None] < lengths).unsqueeze(2)]
