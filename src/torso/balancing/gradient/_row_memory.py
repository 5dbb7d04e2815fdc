"""State as large as the Jacobian: one row per task, kept from step to step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError

__all__ = ["RowMemory"]


class RowMemory(nn.Module):
    """One row per task, zero until it is first set.

    The first step decides the length of a row. From then on it takes the memory of one more Jacobian, tasks x
    shared parameters. Loading a state dict takes over the length of its rows.

    Args:
        tasks: number of tasks.

    Attributes:
        values: `[tasks, numbers]`; `[tasks, 0]` before the first step.
    """

    values: Tensor

    def __init__(self, tasks: int) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(tasks, 0))

    def get(self, tasks: Tensor, like: Tensor) -> Tensor:
        """Return the rows `[k, numbers]` of some tasks, with the dtype and device of `like`.

        Args:
            tasks: int64 `[k]`, positions of the tasks.
            like: `[k, numbers]`, the rows of these tasks in this step.

        Raises:
            ConfigError: `like` has another length than the remembered rows.
        """
        if not self.values.shape[1]:
            return torch.zeros_like(like)
        if self.values.shape[1] != like.shape[1]:
            raise ConfigError(
                f"The shared parameters hold {like.shape[1]} numbers, in the steps before "
                f"{self.values.shape[1]}. Build a new balancer after freezing or unfreezing parameters."
            )
        return self.values[tasks.to(self.values.device)].to(like)

    def put(self, tasks: Tensor, rows: Tensor) -> None:
        """Remember `rows` `[k, numbers]` as those of `tasks` `[k]`; the others keep theirs."""
        if not self.values.shape[1]:
            self.values = rows.new_zeros(len(self.values), rows.shape[1])
        self.values[tasks.to(self.values.device)] = rows.to(self.values)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: object, **kwargs: object
    ) -> None:
        saved = state_dict.get(prefix + "values")
        if saved is not None and len(saved) == len(self.values):
            self.values = torch.zeros_like(saved, device=self.values.device)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
