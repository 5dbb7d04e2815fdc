"""Sequential: a state passes through the modalities and skips, row by row, those that are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from torso.core.spec import SpecLike
from torso.core.tensors import Named, masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._walk_order import walk_order

__all__ = ["Sequential"]


class Sequential(Fusion, name="sequential"):
    """A state passes through one inner fusion per modality.

    The state after modality m is `s_m = inner_m(s_{m-1}, x_m)`.

    From Swamy et al., NeurIPS 2023 (MultiModN, https://arxiv.org/abs/2309.14118). Differs: the step is any fusion
    instead of one dense layer; the state takes a residual step; a missing modality is skipped row by row (the
    authors' code skips the step for the whole batch).

    Args:
        order: order of the steps; default as in `modalities`.
        inner: fusion that joins state and modality at each step.
    """

    family = "sequential"

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        order: Sequence[str] | None = None,
        inner: SpecLike = "concat",
    ) -> None:
        super().__init__(modalities, dim)
        self.order = walk_order(order, self.modalities)
        self.start = nn.Parameter(torch.randn(1, dim) / dim**0.5)
        self.steps = Named(
            {
                name: Fusion.registry.build(inner, modalities=("state", "input"), dim=dim)
                for name in self.order
            }
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return the last state, one token per row, present in every row."""
        return self.states(tokens)[-1]

    def walk(self, tokens: Mapping[str, Tokens], /) -> dict[str, Tokens]:
        """Return modality -> the state after its step, in their order; `tokens` needs every key."""
        return dict(zip(self.order, self.states(tokens)[1:], strict=True))

    def states(self, tokens: Mapping[str, Tokens], /) -> list[Tokens]:
        """Return the first state and the state after each step; a modality without a key makes no step."""
        batch = next(iter(tokens.values())).mask.shape[0]
        state = Tokens.vector(self.start.expand(batch, -1))
        states = [state]
        for name, step in self.steps.pairs():
            if name not in tokens:
                continue
            present = tokens[name].present[:, None, None]
            moved = masked_mean(step({"state": state, "input": tokens[name]})).unsqueeze(1)
            state = Tokens(
                torch.where(present, self.norm(state.values + moved), state.values), state.mask
            )
            states.append(state)
        return states
