"""Many small layers of one shape, computed as one product: experts, towers, gates, one per task or node.

Every tensor that holds several members has them first: `[members, batch, width]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.sharing._parameter_rows import ParameterRows

__all__ = ["BatchedLinear", "BatchedMLP"]


class BatchedLinear(nn.Module):
    """`members` linear layers of one shape, computed together.

    Weights are normal with variance `gain² / inputs`, biases are zero at first.

    Args:
        members: number of layers.
        inputs: width in.
        outputs: width out.
        private: one parameter per member, for members that belong to different tasks (see `ParameterRows`);
            False: one parameter for all members.
        bias: add a bias.
        gain: 1 keeps the scale; `√2` keeps it before a ReLU.
    """

    def __init__(
        self,
        members: int,
        inputs: int,
        outputs: int,
        *,
        private: bool = False,
        bias: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.members, self.outputs, self.private = members, outputs, private
        shape = (outputs, inputs) if private else (members, outputs, inputs)
        scale = gain / max(inputs, 1) ** 0.5
        copies = members if private else 1
        self.weights = ParameterRows(torch.randn(shape) * scale for _ in range(copies))
        # Biases are flat: weight decay goes by the number of dimensions and should spare them.
        flat = outputs if private else members * outputs
        self.biases = ParameterRows(torch.zeros(flat) for _ in range(copies if bias else 0))

    def weight(self) -> Tensor:
        """Return all weights, `[members, outputs, inputs]`."""
        return self.weights.stacked() if self.private else self.weights[0]

    def forward(self, x: Tensor) -> Tensor:
        """Return `[members, batch, outputs]`.

        Args:
            x: `[batch, inputs]`, the same for all members, or `[members, batch, inputs]`.
        """
        bias = self.biases.joined() if len(self.biases) else None  # [members * outputs]
        if x.ndim == 2:  # one product over all members' outputs, instead of one per member
            weight = self.weights.joined() if self.private else self.weights[0].flatten(0, 1)
            flat = functional.linear(x, weight, bias)
            return flat.view(x.shape[0], self.members, self.outputs).transpose(0, 1)
        weight = self.weight().transpose(1, 2)
        if bias is None:
            return torch.bmm(x, weight)
        return torch.baddbmm(bias.view(self.members, 1, -1), x, weight)

    def member(self, index: int) -> Iterator[nn.Parameter]:
        """Yield the parameters of one private member."""
        assert self.private
        yield self.weights[index]
        yield from self.biases[index : index + 1]


class BatchedMLP(nn.Module):
    """`members` multi-layer perceptrons of one shape, with a ReLU after each layer.

    Args:
        members: number of perceptrons.
        widths: width in, and after each layer.
        private: one parameter per member and layer; False: one for all members.
    """

    def __init__(self, members: int, widths: Sequence[int], *, private: bool = False) -> None:
        super().__init__()
        self.layers: nn.ModuleList = nn.ModuleList(
            BatchedLinear(members, inputs, outputs, private=private, gain=2**0.5)
            for inputs, outputs in pairwise(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return `[members, batch, width]` from `[batch, inputs]` or `[members, batch, inputs]`."""
        for layer in self.layers:
            x = layer(x).relu()
        return x

    def member(self, index: int) -> Iterator[nn.Parameter]:
        """Yield the parameters of one private member."""
        for layer in self.layers:
            assert isinstance(layer, BatchedLinear)
            yield from layer.member(index)
