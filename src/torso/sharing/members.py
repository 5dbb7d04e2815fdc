"""Many small networks above one body that share most of their weights, and answer as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._checks import check_int, check_number, check_widths
from torso.sharing._sharing import Sharing

__all__ = ["Members"]


class _MemberLinear(nn.Module):
    """A linear layer of all members: one matrix, and scalings and a bias of each member's own.

    Args:
        members: how many.
        inputs: width before.
        outputs: width after.
        signs: whether the members' inputs start with signs drawn at random; else all members start alike.
    """

    def __init__(self, members: int, inputs: int, outputs: int, *, signs: bool) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(inputs, outputs).uniform_(-bound, bound))
        drawn = torch.randint(0, 2, (members, inputs)) * 2.0 - 1.0
        self.before = nn.Parameter(drawn if signs else torch.ones(members, inputs))
        self.after = nn.Parameter(torch.ones(members, outputs))
        self.bias = nn.Parameter(torch.empty(members, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Return `[batch, members, outputs]` from `[batch, members or 1, inputs]`."""
        out: Tensor = (x * self.before) @ self.weight * self.after + self.bias
        return out


class Members(Sharing, name="members"):
    """An ensemble of small networks for all tasks, in one pass, that share nearly all their weights.

    From Gorishniy, Kotelnikov & Babenko, ICLR 2025, "TabM" (https://arxiv.org/abs/2410.24210), whose layers are those of
    Wen, Tran & Ba, ICLR 2020, "BatchEnsemble" (https://arxiv.org/abs/2002.06715). In training the loss is the mean of the
    members' losses. Differs: members begin above the fusion, so that they share encoders and fusion; the fused vector is
    added to what a member makes of it; heads have one matrix for all members; the answer is that of the members' mean
    vector, which for a linear head is the mean of their logits and values, not of their probabilities.

    Args:
        members: how many.
        hidden: widths of the members' hidden layers.
        dropout: on the hidden layers, in training.
    """

    law_settings = ({"members": 3, "hidden": [6, 5]},)

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        members: Annotated[int, Range(2, 32)] = 16,
        hidden: Sequence[int] = (128,),
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(tasks, dim)
        self.members = check_int("members", members)
        widths = [dim, *check_widths("hidden", hidden), dim]
        self.layers = nn.ModuleList(
            _MemberLinear(members, before, after, signs=not number)
            for number, (before, after) in enumerate(pairwise(widths))
        )
        self.dropout = nn.Dropout(check_number("dropout", dropout))

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return the members' mean vector; in training, the vectors of a row's members, row after row."""
        vector = masked_mean(fused["shared"])
        each = vector.unsqueeze(1)
        for number, layer in enumerate(self.layers):
            each = layer(self.dropout(each.relu()) if number else each)
        each = each + vector.unsqueeze(1)  # [batch, members, dim]
        return dict.fromkeys(self.tasks, each.flatten(0, 1) if self.training else each.mean(dim=1))

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield every parameter if there are several tasks."""
        return self.parameters() if len(self.tasks) > 1 else ()
