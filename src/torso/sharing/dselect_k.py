"""DSelect-k: each task uses k of the shared experts, by gates that are smooth and can be exactly zero."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._batched_layers import BatchedLinear, BatchedMLP
from torso.sharing._checks import check_int, check_number, check_widths
from torso.sharing._gate_usage import GateUsage
from torso.sharing._sharing import Sharing
from torso.sharing.mmoe import mixed

__all__ = ["DSelectK", "smooth_step"]


def smooth_step(x: Tensor, gamma: float = 1.0) -> Tensor:
    """Return 0 up to -γ/2, 1 from γ/2 on, and `-2 x³ / γ³ + 3 x / (2 γ) + 1/2` between.

    >>> smooth_step(torch.tensor([-0.5, 0.0, 0.25, 2.0])).tolist()
    [0.0, 0.5, 0.84375, 1.0]
    """
    x = (x / gamma).clamp(-0.5, 0.5)
    return -2.0 * x**3 + 1.5 * x + 0.5


class DSelectK(Sharing, name="dselect_k"):
    """Each task reads a weighted mean of at most k experts, chosen row by row.

    From Hazimeh et al., NeurIPS 2021 (https://arxiv.org/abs/2106.03760). Experts are numbered in binary. Selector
    i has one score `z_ij` per binary digit; `r_i(e)` is the product of `S(z_ij)` where digit j of e is 1 and of
    `1 - S(z_ij)` where it is 0, with a smooth step S that reaches 0 and 1. The gate of expert e is
    `sum_i softmax(w)_i r_i(e)`; z and w are linear in x. In training the entropy of the selectors is a penalty.
    If the number of experts is no power of two, so is `1 / sum_e r_i(e) - 1`, so that no selector settles on
    the code of a missing expert.

    Differs: the penalties are means over the rows instead of sums, hence the larger default of `entropy`. The
    second penalty is the paper's less one: it ends at zero and does not count as loss where a balancer
    compares losses; its gradient is the same. The paper's static gate, the same for all rows, is left out.
    Experts are shared; gates and penalties belong to their task.

    Args:
        experts: number of experts, at least two.
        k: number of selectors of each task, the most experts that a row can use.
        hidden: widths of the ReLU layers of an expert; default: one of width `dim`.
        gamma: width of the sloping part of the smooth step.
        entropy: weight of the entropy penalty.
    """

    law_settings = ({"hidden": [12]}, {"hidden": [12, 14]}, {"experts": 3, "k": 3})
    codes: Tensor

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        experts: Annotated[int, Range(4, 16, log=True)] = 4,
        k: Annotated[int, Range(1, 4)] = 2,
        hidden: Sequence[int] | None = None,
        gamma: Annotated[float, Range(0.1, 10.0, log=True)] = 1.0,
        entropy: Annotated[float, Range(1e-6, 1e-1, log=True)] = 1e-3,
    ) -> None:
        super().__init__(tasks, dim)
        self.names = [f"expert_{index}" for index in range(check_int("experts", experts, 2))]
        self.k = check_int("k", k)
        if k > experts:
            raise ValueError(f"Parameter `k` should be at most `experts` ({experts}). Found {k}.")
        self.gamma = check_number("gamma", gamma, zero=False)
        self.entropy = check_number("entropy", entropy)
        sizes = check_widths("hidden", [dim] if hidden is None else hidden, 1)
        self.width = sizes[-1]
        self.experts = BatchedMLP(experts, [dim, *sizes])
        digits = math.ceil(math.log2(experts))
        self.spare_codes = experts < 2**digits
        bits = torch.arange(experts).unsqueeze(1) >> torch.arange(digits - 1, -1, -1)
        self.register_buffer("codes", (bits & 1).bool(), persistent=False)  # [experts, digits]
        self.selectors = BatchedLinear(len(self.tasks), dim, k * digits, private=True)
        self.weights = BatchedLinear(len(self.tasks), dim, k, private=True)
        # Small scores put every selector in the sloping part of the smooth step, as in the authors' code.
        for layer, bound in ((self.selectors, gamma / 100), (self.weights, 0.05)):
            for parameter in layer.parameters():
                nn.init.uniform_(parameter, -bound, bound)
        self.usage = GateUsage(len(self.tasks), experts)
        self._penalty: Tensor | None = None

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk for all."""
        return {"shared": self.tasks}

    def select(self, x: Tensor) -> Tensor:
        """Return each selector's weights of the experts, `[tasks, batch, k, experts]`."""
        steps = torch.unflatten(smooth_step(self.selectors(x), self.gamma), 2, (self.k, 1, -1))
        return torch.where(self.codes, steps, 1.0 - steps).prod(dim=-1)

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's mixture."""
        x = masked_mean(fused["shared"])
        selected = self.select(x)
        gates = (self.weights(x).softmax(dim=2).unsqueeze(3) * selected).sum(dim=2)
        self.usage.update(gates)
        self._penalty = self._penalty_of(selected) if self.training else None
        return dict(zip(self.tasks, mixed(gates, self.experts(x)), strict=True))

    def _penalty_of(self, selected: Tensor) -> Tensor:
        """Return each task's mean penalty over the rows, `[tasks]`."""
        # 1e-6 keeps logarithm and inverse finite; in half precision it would round to nothing.
        selected = selected.to(torch.promote_types(selected.dtype, torch.float32))
        penalty = -self.entropy * torch.xlogy(selected, selected + 1e-6).sum(dim=(2, 3))
        if self.spare_codes:
            penalty = penalty + (1.0 / selected.sum(dim=3).clamp(min=1e-6) - 1.0).sum(dim=2)
        return penalty.sum(dim=1) / max(penalty.shape[1], 1)

    def __getstate__(self) -> dict[str, object]:
        """Return the state to copy, without the penalty: its graph belongs to one pass and cannot be copied."""
        return {**self.__dict__, "_penalty": None}

    def penalties(self, trunks: Mapping[str, nn.Module], /) -> Mapping[str, Tensor]:
        """Return each task's penalty for the rows of the last `forward`."""
        del trunks
        penalty, self._penalty = self._penalty, None
        return {} if penalty is None else dict(zip(self.tasks, penalty, strict=True))

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the experts."""
        return self.experts.parameters() if len(self.tasks) > 1 else ()

    def mixing(self) -> Mapping[str, Mapping[str, float]]:
        """Return the mean gates."""
        return self.usage.shares(self.tasks, self.names)
