"""The rooms of a run's parts, by their key in `run.yaml`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from torso.core.errors import ConfigError, unknown
from torso.core.registry import Registry, imported
from torso.core.source_names import names_in_source

__all__ = [
    "ALL_ROOMS",
    "ROOMS",
    "ROOMS_OF_TRAINING",
    "PartRegistry",
    "names_of",
    "registry_of",
    "rooms_of",
]

PartRegistry = Registry[Any]
"""The parts of any room."""


@dataclass(frozen=True, slots=True)
class _Room:
    """A room: its module, base class, word for a part in messages, and need of torch."""

    module: str
    base: str
    part: str
    torch: bool = True


ROOMS = {
    "inputs": _Room("torso.columns.inputs", "Input", "input kind", torch=False),
    "encoders": _Room("torso.encoders", "Encoder", "encoder"),
    "fusion": _Room("torso.fusion", "Fusion", "fusion"),
    "sharing": _Room("torso.sharing", "Sharing", "sharing"),
    "heads": _Room("torso.tasks", "Head", "head"),
    "targets": _Room("torso.tasks", "Target", "target kind", torch=False),
    "balancing": _Room("torso.balancing", "Balancer", "balancing"),
}
"""Key -> its room, imported when asked for."""
ROOMS_OF_TRAINING = {
    "optimizer": _Room("torso.training.optimizers", "Optimizer", "optimizer"),
    "schedule": _Room("torso.training.schedules", "Schedule", "schedule"),
}
"""Key of the section `training` -> its room."""
ALL_ROOMS = {**ROOMS, **ROOMS_OF_TRAINING}


def registry_of(room: str) -> PartRegistry:
    """Return the parts of a room.

    >>> "gated" in registry_of("fusion")
    True

    Raises:
        ConfigError: there is no such room.
    """
    if room not in ALL_ROOMS:
        raise ConfigError(unknown("room", room, ALL_ROOMS))
    registry: PartRegistry = _base(room).registry
    return registry


def names_of(room: str) -> list[str]:
    """Return the names of a room's parts, sorted; they are read in the source while torch is not imported.

    >>> "gated" in names_of("fusion")
    True
    """
    kept = ALL_ROOMS[room]
    quick = kept.torch and "torch" not in sys.modules
    names = names_in_source(kept.module, kept.base) if quick else []
    return names or list(registry_of(room))  # a package may lie without its source


def rooms_of(part: str) -> list[str]:
    """Return the rooms of the class that an import path names, `module:Class`; usually one.

    Raises:
        ConfigError: it cannot be imported.
    """
    kind = imported(part, "part")
    return [room for room in ALL_ROOMS if issubclass(kind, registry_of(room).base)]


def _base(room: str) -> Any:
    return getattr(import_module(ALL_ROOMS[room].module), ALL_ROOMS[room].base)
