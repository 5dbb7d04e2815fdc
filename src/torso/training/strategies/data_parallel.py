"""Data parallel: the whole model in every process, each on its rows of every batch.

The model is not wrapped: a balancer takes several backward passes a step, and averages what they leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import numpy as np
import torch
from torch import Tensor
from torch import distributed as dist

from torso.balancing import Balancer, losses_over_ranks
from torso.core.batch_norm import BatchNorm2d
from torso.encoders import Encoder
from torso.model.model import Model
from torso.training.answers import Answers
from torso.training.strategies._strategy import Strategy
from torso.training.strategies.stop_request import StopRequest

__all__ = ["DataParallel"]

Value = TypeVar("Value")

_APART = 1_000_003
"""Distance of the seeds of two processes, which draw dropout for rows of their own."""


class DataParallel(Strategy):
    """The strategy of the processes of torch's default process group."""

    def __init__(self) -> None:
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self._stop = StopRequest()

    def prepare(self, model: Model, balancer: Balancer) -> None:
        """Give all the main process's weights, and each a seed of its own."""
        for module in (model, balancer):
            module.load_state_dict(self.agreed(module.state_dict()))
        balancer.distribute()
        _together(model, True)
        if self.rank:
            torch.manual_seed((torch.initial_seed() + _APART * self.rank) % 2**63)

    def release(self, model: Model) -> None:
        """Let batch statistics be those of this process."""
        _together(model, False)

    def reduce(self, losses: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the whole batch's losses, and where any process has a label."""
        # One more "loss", with a label where a process was asked to stop: no message of its own.
        asked = counts.new_full((1,), int(self._stop.asked))
        whole, labelled = losses_over_ranks(
            torch.cat([losses, losses.new_zeros(1)]), torch.cat([counts, asked])
        )
        if bool(labelled[-1]):
            self._stop.follow()
        return whole[:-1], labelled[:-1]

    def total(self, values: Tensor) -> Tensor:
        """Return the sum of `values` over the processes."""
        dist.all_reduce(values)
        return values

    def gather(self, answers: Answers, positions: np.ndarray) -> Answers:
        """Return the answers of all processes in the order of rows."""
        parts = self.each(answers)
        order = torch.from_numpy(np.argsort(positions, kind="stable"))
        return Answers(
            {task: torch.cat([p.outputs[task] for p in parts])[order] for task in answers.outputs},
            {task: torch.cat([p.targets[task] for p in parts])[order] for task in answers.targets},
        )

    def each(self, value: Value) -> list[Value]:
        """Return the value of every process, in the order of ranks."""
        values: list[Value | None] = [None] * self.world
        dist.all_gather_object(values, value)
        return cast("list[Value]", values)

    def agreed(self, value: Value) -> Value:
        """Return the main process's value."""
        values = [value if self.is_main else None]
        dist.broadcast_object_list(values, 0)
        return cast("Value", values[0])

    def any(self, flag: bool) -> bool:
        """Return True if `flag` is True in any process."""
        return bool(self.total(torch.tensor(int(flag))))

    def barrier(self) -> None:
        """Wait for all processes."""
        self.any(False)

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Let a signal inside the block stop all processes at their next step."""
        with self._stop.heard():
            yield


def _together(model: Model, together: bool) -> None:
    """Say whether batch statistics are those of all processes, and to the encoders that have any."""
    for encoder in model.modules():
        if isinstance(encoder, Encoder):
            normalising = [part for part in encoder.modules() if isinstance(part, BatchNorm2d)]
            for part in normalising:
                part.together = together
            encoder.together = together and bool(normalising)
