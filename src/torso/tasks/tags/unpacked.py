"""A recurrent layer in both directions without packed sequences, for graphs, which have none."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.loops import State, states
from torso.tasks.tags.steps import Steps

__all__ = ["unpacked"]


def unpacked(around: nn.GRU, steps: Steps) -> Tensor:
    """Return the contexts of a packed layer at the steps that rows have, `[batch, length, 2 * width]`.

    Behind a row's last step stands anything.

    Args:
        around: of one layer in both directions, batch first.
        steps: what it reads.
    """
    values, width = steps.values, around.hidden_size
    places = torch.arange(values.shape[1], device=values.device)
    # the place of each step counted from the row's last one: it turns a row around, and back again
    turned = (steps.lengths[:, None] - 1 - places).clamp(min=0).unsqueeze(2)
    back = values.gather(1, turned.expand(-1, -1, values.shape[2]))
    own = around.all_weights  # of each direction: inward, onward, and their biases
    read = torch.stack(
        [
            functional.linear(way, weights[0], weights[2])
            for way, weights in zip((values, back), own, strict=True)
        ]
    )  # [2, batch, length, 3 * width]
    again = torch.stack([weights[1] for weights in own]).transpose(1, 2)
    bias = torch.stack([weights[3] for weights in own]).unsqueeze(1)

    def step(state: State, each: State) -> State:
        before = state[0]  # [2, batch, width]
        reset, update, new = each[0].chunk(3, dim=2)
        own_reset, own_update, own_new = (before @ again + bias).chunk(3, dim=2)
        kept = torch.sigmoid(update + own_update)
        new = torch.tanh(new + torch.sigmoid(reset + own_reset) * own_new)
        return ((1 - kept) * new + kept * before,)

    nothing = values.new_zeros(2, values.shape[0], width)
    seen = states(step, (nothing,), [read.permute(2, 0, 1, 3)])[0][1:]
    onward, back = seen.permute(1, 2, 0, 3)  # each [batch, length, width]
    return torch.cat([onward, back.gather(1, turned.expand(-1, -1, width))], dim=2)
