"""PLE: levels of shared experts and of experts of each task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._batched_layers import BatchedLinear, BatchedMLP
from torso.sharing._checks import check_int, check_widths
from torso.sharing._gate_usage import GateUsage
from torso.sharing._sharing import Sharing
from torso.sharing.mmoe import mixed

__all__ = ["PLE"]


class Level(nn.Module):
    """One level: experts of each task, common experts, and a gate per task.

    Below the top level one more gate makes the shared stream.

    Args:
        tasks: number of tasks.
        sizes: an expert's width in, and after each layer.
        own: number of experts of each task.
        common: number of common experts.
        top: True for the last level.
    """

    def __init__(
        self, tasks: int, sizes: Sequence[int], own: int, common: int, *, top: bool
    ) -> None:
        super().__init__()
        self.tasks, self.own, self.top = tasks, own, top
        self.experts = BatchedMLP(tasks * own, sizes, private=top)
        self.common = BatchedMLP(common, sizes)
        self.gates = BatchedLinear(tasks, sizes[0], own + common, private=True, bias=False)
        self.gate = nn.Identity() if top else nn.Linear(sizes[0], tasks * own + common, bias=False)
        self.usage = GateUsage(tasks, own + common)

    def forward(self, x: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
        """Return the tasks' streams `[tasks, batch, width]` and the shared one `[batch, width]`.

        Args:
            x: the tasks' streams, or `[batch, width]`, the same for all tasks.
            shared: the shared stream `[batch, width]`.
        """
        own = self.experts(_repeated(x, self.own))  # [tasks * own, batch, width]
        common = self.common(shared)  # [common, batch, width]
        gates = self.gates(x).softmax(dim=2)  # [tasks, batch, own + common]
        self.usage.update(gates)
        own_of_task = own.unflatten(0, (self.tasks, self.own))  # [tasks, own, batch, width]
        own_gates = gates[..., : self.own].transpose(1, 2).unsqueeze(3)
        streams = (own_gates * own_of_task).sum(dim=1)
        streams = streams + mixed(gates[..., self.own :], common)
        if self.top:
            return streams, shared
        weights = self.gate(shared).softmax(dim=1)
        return streams, torch.einsum("be,ebw->bw", weights, torch.cat([own, common]))


def _repeated(x: Tensor, times: int) -> Tensor:
    """Return `[tasks * times, batch, width]`, each task's rows repeated; `[batch, width]` as it is."""
    if x.ndim == 2 or times == 1:
        return x
    return x.unsqueeze(1).expand(-1, times, -1, -1).flatten(0, 1)


class PLE(Sharing, name="ple"):
    """Each task mixes its own experts with shared ones, in levels joined by a shared stream.

    From Tang, Liu, Zhao, Gong, RecSys 2020, "Progressive Layered Extraction (PLE)"
    (https://doi.org/10.1145/3383313.3412236), equations 1 to 5: at level j, task k has the stream
    `x_k <- g_k(x_k) [E_k(x_k); E_s(x_s)]` with a softmax gate over its own and the shared experts, and the
    shared stream is `x_s <- g_s(x_s) [E_1(x_1); ...; E_K(x_K); E_s(x_s)]` over all; the last level has no
    shared stream. The paper's towers are the heads.

    Below the last level a task's experts feed the shared stream, so they count as shared. So do its gates below
    the last level but one. LibMTL's class of this name has no shared stream; this one follows the equations.

    Args:
        levels: number of levels; one is `cgc`.
        own: number of experts of each task, per level.
        common: number of shared experts, per level.
        hidden: widths of the ReLU layers of an expert; default: one of width `dim`.
    """

    law_settings: ClassVar[tuple[Mapping[str, object], ...]] = (
        {"hidden": [12]},
        {"hidden": [12, 14]},
        {"levels": 1},
        {"levels": 3, "own": 2},
    )

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        levels: Annotated[int, Range(1, 3)] = 2,
        own: Annotated[int, Range(1, 4)] = 1,
        common: Annotated[int, Range(1, 8)] = 2,
        hidden: Sequence[int] | None = None,
    ) -> None:
        super().__init__(tasks, dim)
        check_int("levels", levels)
        check_int("own", own)
        check_int("common", common)
        sizes = check_widths("hidden", [dim] if hidden is None else hidden, 1)
        self.width = sizes[-1]
        self.levels = nn.ModuleList(
            Level(
                len(self.tasks),
                [self.width if index else dim, *sizes],
                own,
                common,
                top=index == levels - 1,
            )
            for index in range(levels)
        )
        self.sources = [f"own_{index}" for index in range(own)]
        self.sources += [f"common_{index}" for index in range(common)]

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's stream after the last level."""
        shared = masked_mean(fused["shared"])
        streams = shared  # the same for all tasks below the first level
        for level in self.levels:
            streams, shared = level(streams, shared)
        return dict(zip(self.tasks, streams, strict=True))

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the shared experts, and everything that reaches a shared stream."""
        if len(self.tasks) == 1:
            return
        for below, level in enumerate(reversed(self.levels)):
            assert isinstance(level, Level)
            yield from level.common.parameters()
            if below > 0:
                yield from level.gate.parameters()
                yield from level.experts.parameters()
            if below > 1:
                yield from level.gates.parameters()

    def mixing(self) -> Mapping[str, Mapping[str, float]]:
        """Return the mean gates of the last level."""
        top = self.levels[-1]
        assert isinstance(top, Level)
        return top.usage.shares(self.tasks, self.sources)
