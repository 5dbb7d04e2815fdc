"""Learned branching: each node, and each task, learns which node of the layer below it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._batched_layers import BatchedLinear
from torso.sharing._checks import check_int, check_number
from torso.sharing._gate_usage import row_shares
from torso.sharing._parameter_rows import ParameterRows
from torso.sharing._sharing import Sharing

__all__ = ["LearnedBranching"]


class LearnedBranching(Sharing, name="learned_branching"):
    """A learned tree of layers: each node, and each task, reads one node of the layer below.

    From Guo, Lee, Ulbricht, ICML 2020, "Learning to Branch for Multi-Task Learning" (https://arxiv.org/abs/2006.01895):
    in training a child reads `sum_j softmax((log_odds_j + gumbel_j) / temperature)_j x_j`, in evaluation the
    parent with the largest log odds. After n steps the temperature is `temperature / sqrt(1 + n / cooling)`, at
    least 0.1.

    Differs: nodes are ReLU layers; the schedule of the temperature is ours; training keeps the soft draws to
    the end, instead of training the found tree anew (`branches` does that). All nodes are shared; each task
    has a choice of its leaf.

    Args:
        dim: width of the fused tokens and of the nodes.
        layers: number of layers of nodes.
        nodes: number of nodes in each layer; default: as many as tasks, at least two.
        temperature: first temperature of the draws.
        cooling: steps after which the temperature begins to fall.
    """

    law_settings = ({"layers": 1}, {"layers": 3})
    pairwise: ClassVar[bool] = True
    step: Tensor

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        layers: Annotated[int, Range(1, 4)] = 2,
        nodes: int | None = None,
        temperature: Annotated[float, Range(1.0, 20.0, log=True)] = 5.0,
        cooling: Annotated[int, Range(1, 1000, log=True)] = 10,
    ) -> None:
        super().__init__(tasks, dim)
        check_int("layers", layers)
        self.nodes = check_int("nodes", max(2, len(self.tasks)) if nodes is None else nodes)
        self.temperature = check_number("temperature", temperature, zero=False)
        self.cooling = check_int("cooling", cooling)
        self.layers = nn.ModuleList(
            BatchedLinear(self.nodes, dim, dim, gain=2**0.5) for _ in range(layers)
        )
        self.odds = nn.ParameterList(
            torch.zeros(self.nodes * self.nodes) for _ in range(layers - 1)
        )
        self.leaves = ParameterRows(torch.zeros(self.nodes) for _ in self.tasks)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk for all."""
        return {"shared": self.tasks}

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return the vector of each task's leaf."""
        x = masked_mean(fused["shared"])
        for layer, odds in zip(self.layers, [None, *self.odds], strict=True):
            inputs = x if odds is None else self._choose(odds.view(self.nodes, -1), x)
            x = layer(inputs).relu()  # [nodes, batch, dim]
        vectors = self._choose(self.leaves.stacked(), x)
        if self.training:
            self.step += 1
        return dict(zip(self.tasks, vectors, strict=True))

    def _choose(self, odds: Tensor, x: Tensor) -> Tensor:
        """Return each child's input `[children, batch, dim]`.

        Args:
            odds: log odds `[children, nodes]`.
            x: the nodes' outputs `[nodes, batch, dim]`.
        """
        if not self.training:
            return x[odds.argmax(dim=1)]
        cooled = (1.0 + self.step / self.cooling) ** -0.5
        gumbel = -torch.empty_like(odds).exponential_().log()
        drawn = ((odds + gumbel) / (self.temperature * cooled).clamp(min=0.1)).softmax(dim=1)
        return (drawn @ x.flatten(1)).view(-1, *x.shape[1:])

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the nodes and their choices."""
        if len(self.tasks) > 1:
            yield from self.layers.parameters()
            yield from self.odds

    def mixing(self) -> Mapping[str, Mapping[str, float]]:
        """Return the probability of each leaf."""
        names = [f"node_{index}" for index in range(self.nodes)]
        return row_shares(torch.stack([*self.leaves]).softmax(dim=1), self.tasks, names)
