"""The rooms of a run's parts, by their key in `run.yaml`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from torso.core.errors import ConfigError, unknown
from torso.core.registry import Registry, imported
from torso.core.source_registry import SourceRegistry
from torso.core.spec import words

__all__ = [
    "ALL_ROOMS",
    "ROOMS",
    "ROOMS_OF_TRAINING",
    "PartRegistry",
    "registry_of",
    "rooms_of",
    "schema_of",
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


def schema_of(room: str, value: object = None) -> PartRegistry:
    """Return names and settings of a room's parts; they are read in the source while torch is not imported.

    >>> "gated" in schema_of("fusion")
    True

    Args:
        room: key in `run.yaml`.
        value: its parts, as a config has them; if it names a class outside Torso, the real registry is needed.
    """
    outside = any(":" in word for word in words(value))
    if outside or not ALL_ROOMS[room].torch or "torch" in sys.modules:
        return registry_of(room)
    parts = _in_source(room)
    return parts if list(parts) else registry_of(room)  # a package may lie without its source


@cache
def _in_source(room: str) -> SourceRegistry:
    kept = ALL_ROOMS[room]
    return SourceRegistry(kept.part, kept.module, kept.base)


def rooms_of(part: str) -> list[str]:
    """Return the rooms of the class that an import path names, `module:Class`; usually one.

    Raises:
        ConfigError: it cannot be imported.
    """
    kind = imported(part, "part")
    return [room for room in ALL_ROOMS if issubclass(kind, registry_of(room).base)]


def _base(room: str) -> Any:
    return getattr(import_module(ALL_ROOMS[room].module), ALL_ROOMS[room].base)
