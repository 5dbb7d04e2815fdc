"""Retrieval: a vector per modality, near to those of the same row and far from those of others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.errors import ConfigError
from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.tasks._base.towers import TowerHead

__all__ = ["Contrastive"]

_BLOCK = 1024
"""Rows among which a row is to be found where there are more, as in an evaluation."""
_SCALES = (1.0, 100.0)


class Contrastive(TowerHead, form="retrieval", name="contrastive"):
    """The likelihood of finding a row's own text by its picture among those of the batch, and so on in all directions.

    Every modality's tokens are averaged and brought to `width` numbers by a small network, of length 1. The
    similarities of row i's vector of one modality to all rows' vectors of another, times a learned scale, are the
    logits of a softmax, of which row i is the answer: the loss of CLIP (Radford et al., ICML 2021,
    https://arxiv.org/abs/2103.00020), summed over both directions and averaged, as in ImageBind (Girdhar et al., CVPR
    2023, https://arxiv.org/abs/2305.05665) over pairs of modalities; here over all pairs, of which a row takes part in
    those that it has. Differences: rows about the same thing are no answers for each other and no wrong ones either;
    the towers are the run's encoders, shared with all other tasks.

    The likelihood is among the rows of a batch, so it depends on the batch's size; more than 1,024 rows are taken in
    blocks of so many. A row that has fewer than two of the modalities adds 0. The vector of the body is not read.

    Args:
        dim: width of the body's vector.
        token_dim: width of the tokens.
        between: modalities.
        width: of the vectors.
        hidden: width of the towers' hidden layer; 0: `token_dim`.
        dropout: on the means of the tokens, in training.
    """

    among_batch = True
    reads_tokens = True

    def __init__(
        self,
        dim: int,
        token_dim: int,
        between: Sequence[str],
        *,
        width: Annotated[int, Range(16, 256, log=True)] = 64,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(dim, 1)
        del self.layers
        if width < 1:
            raise ValueError(f"Parameter `width` should be at least 1. Found {width}.")
        self.between, self.width = list(between), width
        inner = hidden or token_dim
        self.towers = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(dropout),
                nn.Linear(token_dim, inner),
                nn.GELU(),
                nn.Linear(inner, width),
            )
            for _ in self.between
        )
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, features: Tensor, tokens: Mapping[str, Tokens] | None = None, /) -> Tensor:
        """Return `[batch, modalities, width]`, vectors of length 1, zeros where a row lacks the modality."""
        known = tokens or {}
        absent = [name for name in self.between if name not in known]
        if absent:
            raise ConfigError(
                f"Parameter `between` should name inputs. Found {absent}; known: {[*known]}."
            )
        vectors = [self.vector(name, known[name]) for name in self.between]
        return torch.stack(vectors, dim=1).to(features.dtype)

    def vector(self, modality: str, tokens: Tokens) -> Tensor:
        """Return `[batch, width]` of one modality: vectors of length 1, zeros where a row lacks it."""
        tower = self.towers[self.between.index(modality)]
        vector = functional.normalize(tower(masked_mean(tokens)), dim=-1)
        return torch.where(tokens.present[:, None], vector, 0.0)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return `[batch]`: the mean over directions of the loss of finding the row among the batch's."""
        blocks = range(0, max(len(outputs), 1), _BLOCK)
        return torch.cat(
            [self._nll(outputs[a : a + _BLOCK], targets[a : a + _BLOCK]) for a in blocks]
        )

    def _nll(self, outputs: Tensor, targets: Tensor) -> Tensor:
        scale = self.log_scale.exp().clamp(*_SCALES)
        present = outputs.detach().any(dim=2)
        rows = torch.eye(len(outputs), dtype=torch.bool, device=outputs.device)
        rivals = (targets[:, None] != targets) | rows
        total, counted = outputs.new_zeros(len(outputs)), outputs.new_zeros(len(outputs))
        for asking, answering in permutations(range(len(self.between)), 2):
            asks = present[:, asking] & present[:, answering]
            logits = scale * outputs[:, asking] @ outputs[:, answering].T
            logits = logits.masked_fill(~(rivals & present[:, answering] | rows), -torch.inf)
            losses = torch.logsumexp(logits, dim=1) - logits.diagonal()
            total = total + torch.where(asks, losses, 0.0)
            counted = counted + asks
        return total / counted.clamp(min=1)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the vectors."""
        return outputs
