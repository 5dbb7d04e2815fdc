"""Task-conditioned FiLM: each task scales and shifts the channels of shared layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.core.ranges import Range
from torso.sharing._parameter_rows import ParameterRows
from torso.sharing._task_conditioned import TaskConditioned

__all__ = ["FiLM"]


class FiLM(TaskConditioned, name="film"):
    """Shared layers with channels that each task scales and shifts.

    Task k reads `relu((1 + c_k) * (W x + b) + d_k)`.

    From Perez, Strub, de Vries, Dumoulin, Courville, AAAI 2018, "FiLM: Visual Reasoning with a General Conditioning
    Layer" (https://arxiv.org/abs/1709.07871). Differs: the condition is the task, so c and d are parameters, one
    vector per task and layer, zero at first, instead of a network's output.
    """

    law_settings = ({"layers": 1}, {"layers": 3})

    def __init__(
        self, tasks: Sequence[str], dim: int, *, layers: Annotated[int, Range(1, 4)] = 2
    ) -> None:
        super().__init__(tasks, dim, layers)
        zeros = torch.zeros(layers * len(self.tasks), dim)
        self.c = ParameterRows(row.clone() for row in zeros)
        self.d = ParameterRows(row.clone() for row in zeros)

    def modulate(self, layer: int, x: Tensor, y: Tensor) -> Tensor:
        """Return the ReLU of the scaled and shifted `y`."""
        del x
        of_layer = slice(layer * len(self.tasks), (layer + 1) * len(self.tasks))
        scale, shift = (
            torch.stack(rows.listed()[of_layer]).unsqueeze(1) for rows in (self.c, self.d)
        )  # each [tasks, 1, dim]
        return ((1.0 + scale) * y + shift).relu()
