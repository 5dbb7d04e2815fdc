"""Schedules of the learning rate by name: those of Torso, and any of `torch.optim.lr_scheduler` by its import path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast

from torch.optim.lr_scheduler import LRScheduler

from torso.training.torch_registry import TorchRegistry

__all__ = ["Schedule"]

OFFERED = ("total_steps", "T_max", "epochs", "steps_per_epoch", "max_lr", "last_epoch")
"""Arguments of PyTorch's schedules that follow from the training."""


class Schedule:
    """Files a schedule under its name: `class Cosine(Schedule, LambdaLR, name="cosine")`."""

    registry: ClassVar[TorchRegistry[LRScheduler]] = TorchRegistry("schedule", OFFERED)

    def __init_subclass__(cls, *, name: str = "", **rest: Mapping[str, object]) -> None:
        super().__init_subclass__(**rest)
        if name:
            cls.registry.add(name, cast("type[LRScheduler]", cls))


Schedule.registry.base = LRScheduler
