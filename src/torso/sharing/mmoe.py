"""MMoE: shared experts, and for each task a gate that weighs them row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._batched_layers import BatchedLinear, BatchedMLP
from torso.sharing._checks import check_choice, check_int, check_widths
from torso.sharing._gate_usage import GateUsage
from torso.sharing._sharing import Sharing

__all__ = ["MMoE", "mixed"]


def mixed(gates: Tensor, experts: Tensor) -> Tensor:
    """Return the gated sums `[tasks, batch, width]`.

    Args:
        gates: `[tasks, batch, experts]`.
        experts: the experts' outputs `[experts, batch, width]`.
    """
    return torch.bmm(gates.transpose(0, 1), experts.transpose(0, 1)).transpose(0, 1)


class MMoE(Sharing, name="mmoe"):
    """Each task reads its own weighted mean of experts that all tasks share.

    From Ma, Zhao, Yi, Chen, Hong, Chi, KDD 2018, "Modeling Task Relationships in Multi-task Learning with
    Multi-gate Mixture-of-Experts" (https://doi.org/10.1145/3219819.3220007), equations 6 and 7:
    `f_k(x) = sum_i g_k(x)_i f_i(x)` with `g_k(x) = softmax(W_k x)`. The paper's towers are the heads
    (`hidden`). Experts are shared; each gate belongs to its task.

    Differs: x is the mean of the fused tokens. With `level: trunk` each expert is a whole trunk. No vector is
    then common to all experts, so the gates read the experts' vectors, concatenated.

    Args:
        experts: number of experts.
        hidden: widths of the ReLU layers of an expert; default: one of width `dim`. Not with `level: trunk`.
        level: `layer` for experts above one trunk, `trunk` for whole trunks.
    """

    law_settings = ({"hidden": [12]}, {"hidden": [12, 14]}, {"level": "trunk"})

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        experts: Annotated[int, Range(2, 16, log=True)] = 4,
        hidden: Sequence[int] | None = None,
        level: Literal["layer", "trunk"] = "layer",
    ) -> None:
        super().__init__(tasks, dim)
        self.names = [f"expert_{index}" for index in range(check_int("experts", experts))]
        self.whole_trunks = check_choice("level", level, ("layer", "trunk")) == "trunk"
        if self.whole_trunks and hidden is not None:
            raise ValueError(
                f"Parameter `hidden` should not be given with `level: trunk`. Found {hidden!r}."
            )
        sizes = (
            []
            if self.whole_trunks
            else check_widths("hidden", [dim] if hidden is None else hidden, 1)
        )
        self.width = [dim, *sizes][-1]
        self.experts = BatchedMLP(experts, [dim, *sizes])
        gate_inputs = experts * dim if self.whole_trunks else dim
        self.gates = BatchedLinear(len(self.tasks), gate_inputs, experts, private=True, bias=False)
        self.usage = GateUsage(len(self.tasks), experts)

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk for all, or one per expert."""
        return dict.fromkeys(self.names if self.whole_trunks else ["shared"], self.tasks)

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's mixture."""
        vectors = [masked_mean(fused[name]) for name in self.trunks()]
        x = torch.cat(vectors, dim=1)
        experts = torch.stack(vectors) if self.whole_trunks else self.experts(x)
        gates = self.gates(x).softmax(dim=2)
        self.usage.update(gates)
        return dict(zip(self.tasks, mixed(gates, experts), strict=True))

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the experts."""
        return self.experts.parameters() if len(self.tasks) > 1 else ()

    def mixing(self) -> Mapping[str, Mapping[str, float]]:
        """Return the mean gates."""
        return self.usage.shares(self.tasks, self.names)
