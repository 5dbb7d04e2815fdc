"""Optimizers by name: those of Torso, and any class of `torch.optim.Optimizer` by its import path."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, cast

import torch

from torso.core.errors import ConfigError
from torso.core.spec import Spec
from torso.training.torch_registry import TorchRegistry

__all__ = ["ELSEWHERE", "Optimizer", "OptimizerRegistry"]

ELSEWHERE = ("lr", "weight_decay")
"""Arguments of most optimizers that are keys of `training`, where encoders' own rates go by them, too."""


class OptimizerRegistry(TorchRegistry[torch.optim.Optimizer]):
    """Optimizers by name."""

    def check(self, spec: Spec, offered: Collection[str] = ()) -> None:
        """Refuse settings that are keys of `training`, and all that every registry refuses."""
        for key in ELSEWHERE:
            if key in spec.settings:
                raise ConfigError(
                    f"`{key}` of the optimizer is `training.{key}`. Found {spec.settings[key]!r}. Set it there: "
                    f"--set training.{key}={spec.settings[key]}"
                )
        super().check(spec, offered)


class Optimizer:
    """Files an optimizer under its name: `class SGD(Optimizer, torch.optim.SGD, name="sgd")`."""

    registry: ClassVar[OptimizerRegistry] = OptimizerRegistry("optimizer", ELSEWHERE)

    def __init_subclass__(cls, *, name: str = "", **rest: Mapping[str, object]) -> None:
        super().__init_subclass__(**rest)
        if name:
            cls.registry.add(name, cast("type[torch.optim.Optimizer]", cls))


Optimizer.registry.base = torch.optim.Optimizer
