"""Optimizers by name: those of Torso, and any class of `torch.optim.Optimizer` by its import path."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import ClassVar, cast

import torch

from torso.core.errors import ConfigError
from torso.core.ranges import SetBy
from torso.core.registry import Registry
from torso.core.signature import Setting
from torso.core.spec import Spec

__all__ = ["ELSEWHERE", "Optimizer", "OptimizerRegistry"]

ELSEWHERE = ("lr", "weight_decay")
"""Arguments of most optimizers that are keys of `training`, where encoders' own rates go by them, too."""


class OptimizerRegistry(Registry[torch.optim.Optimizer]):
    """Optimizers by name; all arguments but the parameters, `lr` and `weight_decay` are users' settings."""

    def settings(self, name: str) -> dict[str, Setting]:
        """Return all arguments of an optimizer."""
        known = super().settings(name)
        hidden = {*ELSEWHERE, next(iter(known), "")}
        return {
            key: replace(setting, by_user=False) if key in hidden else setting
            for key, setting in known.items()
        }

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

    registry: ClassVar[OptimizerRegistry] = OptimizerRegistry("optimizer", positional=SetBy.USER)

    def __init_subclass__(cls, *, name: str = "", **rest: Mapping[str, object]) -> None:
        super().__init_subclass__(**rest)
        if name:
            cls.registry.add(name, cast("type[torch.optim.Optimizer]", cls))


Optimizer.registry.base = torch.optim.Optimizer
