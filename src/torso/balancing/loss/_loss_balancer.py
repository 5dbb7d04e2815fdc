"""Balancers that read only the losses: one scalar, one backward pass."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from torso.balancing._balancer import Balancer
from torso.balancing.engine.plain_pass import add_gradients

__all__ = ["LossBalancer"]


class LossBalancer(Balancer):
    """A balancer that is a scalar function of the losses."""

    needs = "losses; 1 plain step"

    def balance(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor,
        *,
        own: Sequence[nn.Parameter] | None,
        representation: Sequence[Tensor],
    ) -> None:
        """Differentiate `forward(losses, present)`; an absent task's loss is never read."""
        del representation
        self.follow(self(losses, present), shared, own)

    def follow(
        self, scalar: Tensor, shared: Sequence[nn.Parameter], own: Sequence[nn.Parameter] | None
    ) -> None:
        """Add the gradient of a scalar to the `.grad` of all parameters that it depends on."""
        if self.group is None:
            torch.autograd.backward(scalar)
        else:
            learned = [*shared, *self.find_own(scalar, shared, own), *self.parameters()]
            add_gradients(scalar, learned, group=self.group)

    @abstractmethod
    def forward(self, losses: Tensor, present: Tensor, /) -> Tensor:
        """Return the scalar to minimise, from `losses` `[tasks]` and bool `present` `[tasks]`."""
