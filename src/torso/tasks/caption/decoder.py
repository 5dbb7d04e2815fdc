"""A small transformer decoder: the next token from those before it and from vectors about the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.blocks import Attention, feed_forward, positions

__all__ = ["Decoder", "Past"]

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Past:
    """Keys and values of the tokens read so far, so that the next token costs the same however many came before.

    Attributes:
        memory: keys and values of the memory, by block, each `[rows, heads, memory, width]`.
        tokens: keys and values of the tokens so far, likewise; None before the first.
        length: how many tokens that were.
    """

    memory: list[Pair]
    tokens: list[Pair] | None = None
    length: int = 0

    def follow(self, rows: Tensor) -> Past:
        """Return the past in which each text goes on from that of another of `rows`, about the same memory."""
        assert self.tokens is not None
        tokens = [(key[rows], value[rows]) for key, value in self.tokens]
        return Past(self.memory, tokens, self.length)


class DecoderBlock(nn.Module):
    """A pre-norm block: attention to the tokens so far, attention to the memory, feed-forward.

    Args:
        dim: width of tokens and memory.
        dropout: on the residual branches, in training.
    """

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.norm_tokens = nn.LayerNorm(dim)
        self.to_tokens = Attention(dim)
        self.norm_memory = nn.LayerNorm(dim)
        self.to_memory = Attention(dim)
        self.norm_feed = nn.LayerNorm(dim)
        self.feed = feed_forward(dim, 2.0)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, memory: Pair, before: Pair | None, at: Tensor | None = None
    ) -> tuple[Tensor, Pair]:
        """Return updated tokens, and keys and values of all so far; after a first call, one token at a time.

        Args:
            x: `[rows, steps, dim]`.
            memory: keys and values of what is said about the rows.
            before: keys and values of the tokens before.
            at: place of the only token, if `before` has room for all; None: they grow.
        """
        normed = self.norm_tokens(x)
        key, value = self.to_tokens.keys_values(normed)
        known = None
        if before is not None and at is not None:
            places = torch.arange(before[0].shape[2], device=x.device)
            here, known = (places == at).unsqueeze(1), (places <= at).unsqueeze(0)
            key, value = torch.where(here, key, before[0]), torch.where(here, value, before[1])
        elif before is not None:
            key, value = (torch.cat(both, dim=2) for both in zip(before, (key, value), strict=True))
        seen = self.to_tokens.attend(normed, (key, value), causal=before is None, mask=known)
        x = x + self.dropout(seen)
        x = x + self.dropout(self.to_memory.attend(self.norm_memory(x), memory))
        return x + self.dropout(self.feed(self.norm_feed(x))), (key, value)


class Decoder(nn.Module):
    """Logits of the next token; the last symbol stands before the first token and behind the last.

    The matrix that embeds tokens also reads them off, as in Press and Wolf, EACL 2017
    (https://aclanthology.org/E17-2025/), and Vaswani et al., NeurIPS 2017 (https://arxiv.org/abs/1706.03762), from
    whom the positions and the blocks are; normalisation comes first here.

    Args:
        symbols: number of tokens that there are, with the one for the end, which is the last.
        dim: width of tokens and memory.
        depth: number of blocks.
        dropout: in the blocks, in training.
    """

    def __init__(self, symbols: int, dim: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.end = symbols - 1
        self.embedding = nn.Embedding(symbols, dim)
        nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        self.blocks = nn.ModuleList(DecoderBlock(dim, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.bias = nn.Parameter(torch.zeros(symbols))

    def begin(self, memory: Tensor) -> Past:
        """Return the past before the first token, from vectors about the rows, `[rows, memory, dim]`."""
        return Past(
            [cast(DecoderBlock, block).to_memory.keys_values(memory) for block in self.blocks]
        )

    def room(self, past: Past, length: int) -> list[Tensor]:
        """Return zeros for the keys and values of `length` tokens, block by block, in the form of the memory's."""
        return [
            part.new_zeros(*part.shape[:2], length, part.shape[3])
            for pair in past.memory
            for part in pair
        ]

    def forward(self, tokens: Tensor, past: Past, at: Tensor | None = None) -> tuple[Tensor, Past]:
        """Return the hidden states after each of `tokens` `[rows, steps]`, `[rows, steps, dim]`, and the new past.

        Args:
            tokens: that are read.
            past: of the tokens before.
            at: place of the only token, where the past has `room` for all; None: it grows.
        """
        dim = self.embedding.embedding_dim
        x = self.embedding(tokens) * dim**0.5
        if at is None:
            places = positions(past.length + tokens.shape[1], dim, self.embedding.weight)
            x = x + places[past.length :]
        else:
            assert past.tokens is not None
            most = past.tokens[0][0].shape[2]
            x = x + positions(most, dim, self.embedding.weight).index_select(0, at.view(1))
        pairs = []
        for number, block in enumerate(self.blocks):
            before = None if past.tokens is None else past.tokens[number]
            x, pair = block(x, past.memory[number], before, at)
            pairs.append(pair)
        return self.norm(x), Past(past.memory, pairs, past.length + tokens.shape[1])

    def logits(self, hidden: Tensor) -> Tensor:
        """Return logits of the next token, `[..., symbols]`, from hidden states `[..., dim]`."""
        return functional.linear(hidden, self.embedding.weight, self.bias)

    def teach(self, memory: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of every one of `targets` `[rows, length]`, those before it being given, and the targets.

        Both are of the tokens that there are (0 or more), one row's after the other's: `[tokens, symbols]`, `[tokens]`.
        """
        before = targets[:, :-1].clamp(
            min=0
        )  # what stands behind the end is seen by nothing before it
        first = before.new_full((len(targets), 1), self.end)
        hidden, _ = self(torch.cat([first, before], dim=1), self.begin(memory))
        known = targets >= 0
        return self.logits(hidden[known]), targets[known]
