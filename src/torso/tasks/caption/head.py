"""Free text: the likelihood of its tokens, by a small decoder that reads all inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.blocks import CrossBlock
from torso.core.errors import ConfigError
from torso.core.loops import being_traced
from torso.core.ranges import Range
from torso.core.tensors import Named, concat_tokens, zeroed
from torso.core.types import Tokens
from torso.tasks._base.temperature import LogitHead
from torso.tasks.caption.beams import search, traced_search
from torso.tasks.caption.decoder import Decoder

__all__ = ["CaptionDecoder"]

_ROWS = 256
"""Rows that the decoder reads at once."""
_ENOUGH = 2**21
"""Logits that set one factor."""


class CaptionDecoder(LogitHead, form="caption", name="decoder"):
    """Likelihood of a text as the product over its tokens, each given those before it and the row's inputs.

    `memory` learned queries attend to the encoders' tokens of all modalities, as in the resampler of Alayrac et al.,
    Flamingo, NeurIPS 2022 (https://arxiv.org/abs/2204.14198), so that a row is the same number of vectors whatever it
    holds; before them stands the body's vector, so that a row without tokens has an answer. A causal transformer
    (`Decoder`) attends to these while it writes. Differences: the queries attend to the tokens alone, once; tokens of
    a modality pass a linear layer of their own first; the decoder is trained from scratch, and attends to the vectors
    in every block, without gates.

    The loss of a row is minus the log-likelihood of its text, the end included, divided by a constant: the number of
    tokens of a usual text. So it is on the scale of one token, and a text weighs in training as much as a class does,
    not as twenty; among texts, long ones still count by their likelihood. Its exponential is about the perplexity.

    Args:
        dim: width of the body's vector.
        token_dim: width of the encoders' tokens.
        modalities: names of those that have tokens.
        symbols: number of tokens of the vocabulary, the end being the last.
        length: tokens of a text at most, the end included.
        usual: mean number of tokens of a training text.
        width: of the decoder.
        depth: number of its blocks.
        memory: vectors that stand for the encoders' tokens.
        beams: texts that are followed in writing; 1 is greedy search.
        hidden: width of a hidden layer above the body's vector; 0 for none.
        dropout: on the body's vector and in the blocks, in training.
    """

    law_settings = ({"beams": 3},)
    reads_tokens = True

    def __init__(
        self,
        dim: int,
        token_dim: int,
        modalities: Sequence[str],
        symbols: int,
        length: int,
        usual: float,
        *,
        width: Annotated[int, Range(16, 256, log=True)] = 128,
        depth: Annotated[int, Range(1, 4)] = 2,
        memory: Annotated[int, Range(4, 64, log=True)] = 16,
        beams: Annotated[int, Range(1, 8)] = 1,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        sizes = {"width": width, "depth": depth, "memory": memory, "beams": beams}
        for name, value in sizes.items():
            if value < 1:
                raise ValueError(f"Parameter `{name}` should be at least 1. Found {value}.")
        super().__init__(dim, width, hidden=hidden, dropout=dropout)
        self.length, self.usual, self.beams = length, usual, beams
        self.inward = Named({name: nn.Linear(token_dim, width) for name in modalities})
        self.queries = nn.Parameter(torch.randn(memory, width) / width**0.5)
        self.reader = CrossBlock(width, dropout=dropout)
        self.norm = nn.LayerNorm(width)
        self.decoder = Decoder(symbols, width, depth, dropout)

    def forward(self, features: Tensor, tokens: Mapping[str, Tokens] | None = None, /) -> Tensor:
        """Return `[batch, 1 + memory, width]`: all that the decoder is told about a row."""
        known = tokens or {}
        absent = [name for name in self.inward.names() if name not in known]
        if absent:
            raise ConfigError(
                f"Parameter `modalities` should name inputs. Found {absent}; known: {[*known]}."
            )
        read = {
            name: Tokens(inward(zeroed(known[name])), known[name].mask)
            for name, inward in self.inward.pairs()
        }
        queries = self.queries.expand(features.shape[0], -1, -1)
        asking = Tokens(queries, queries.new_ones(queries.shape[:2], dtype=torch.bool))
        read_vectors = self.reader(asking, concat_tokens(read)).values
        memory: Tensor = self.norm(
            torch.cat([self.layers(features).unsqueeze(1), read_vectors], dim=1)
        )
        return memory

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return `[batch]`, in nats per token of a usual text, of tokens `[batch, length]`, -1 behind the end."""
        return self._losses(outputs, targets).sum(dim=1) / self.usual

    def log_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return `nll`, since a text has no unit."""
        return self.nll(outputs, targets)

    def _losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return minus the log-probability of each token, 0 behind the end, `[batch, length]`."""
        each = []
        for memory, truth in _blocks(outputs, targets):
            logits, known = self.decoder.teach(memory, truth)
            each.append(functional.cross_entropy(self.scale * logits, known, reduction="none"))
        losses = torch.cat(each)
        return losses.new_zeros(targets.shape).masked_scatter(targets >= 0, losses)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the tokens of a likely text, int64 `[batch, length]`, -1 behind its end."""
        if being_traced():
            return self.answer(outputs)[0]
        parts = torch.split(outputs, _ROWS)
        return torch.cat([search(self.decoder, part, self.length, self.beams) for part in parts])

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return the `log_probability` of each token of that text, 0 behind its end, `[batch, length]`."""
        return self.answer(outputs)[1]

    def answer(self, outputs: Tensor, /) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the text and its details from one search."""
        if being_traced():
            tokens, said = traced_search(self.decoder, outputs, self.length, self.beams, self.scale)
            return tokens, {"log_probability": said}
        tokens = self.predict(outputs)
        return tokens, {"log_probability": -self._losses(outputs, tokens)}

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set the factor of the logits as every head with logits does, by as many rows as hold enough of them.

        A search follows the unscaled logits, so that texts stay as they were.
        """
        rows = self.labelled(targets).nonzero().squeeze(1)
        if not len(rows):
            return
        each = int((targets[rows] >= 0).sum()) * (self.decoder.end + 1)
        rows = rows[:: 1 + each // _ENOUGH]
        parts = [self.decoder.teach(*block) for block in _blocks(outputs[rows], targets[rows])]
        logits, truth = (torch.cat(some) for some in zip(*parts, strict=True))
        if bool(logits.isfinite().all()):
            self._set_scale(
                lambda: (
                    functional.cross_entropy(self.scale * logits, truth, reduction="sum")
                    / self.usual
                )
            )


def _blocks(outputs: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield some rows after the other, their targets cut behind the longest."""
    for memory, truth in zip(torch.split(outputs, _ROWS), torch.split(targets, _ROWS), strict=True):
        longest = int((truth >= 0).any(dim=0).sum())
        yield memory, truth[:, : max(1, longest)].long()
