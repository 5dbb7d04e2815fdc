"""Sequential: a state walks through the modalities, and skips per row what the row lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from torso.core.registry import Spec
from torso.core.tensors import Named, masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._order import checked_order

__all__ = ["Sequential"]


class Sequential(Fusion, name="sequential"):
    """A state passes through one inner fusion per modality: `s_m = inner_m(s_{m-1}, x_m)`.

    The family of MultiModN (Swamy et al., NeurIPS 2023, https://arxiv.org/abs/2309.14118). Differences:
    the step is any fusion of this room instead of one dense layer, the state takes a residual step, and a
    missing modality is skipped row by row (the authors' code skips the step for the whole batch).

    Args:
        modalities: names of the modalities.
        dim: token width, in and out.
        order: the walk; default as in `modalities`.
        inner: the fusion that joins state and modality at each step.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        order: Sequence[str] | None = None,
        inner: Spec = "concat",
    ) -> None:
        super().__init__(modalities, dim)
        self.order = checked_order(order, self.modalities)
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
        """Return modality -> the state after its step, in the order of the walk; all keys are needed."""
        return dict(zip(self.order, self.states(tokens)[1:], strict=True))

    def states(self, tokens: Mapping[str, Tokens], /) -> list[Tokens]:
        """Return the first state, and that after each step; a modality without a key makes no step."""
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
