"""The rooms whose parts a run names, by the key of `run.yaml` that names them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torso.core.errors import ConfigError, unknown
from torso.core.registry import Registry

__all__ = ["ROOMS", "PartRegistry", "registry_of", "rooms_of"]

PartRegistry = Registry[Any]
"""The parts of any room."""

ROOMS = {
    "inputs": ("torso.columns.inputs", "Input"),
    "encoders": ("torso.encoders", "Encoder"),
    "fusion": ("torso.fusion", "Fusion"),
    "sharing": ("torso.sharing", "Sharing"),
    "heads": ("torso.tasks", "Head"),
    "targets": ("torso.tasks", "Target"),
    "balancing": ("torso.balancing", "Balancer"),
}
"""Key -> the module and the base class of its parts, imported when asked for: inputs and targets need no torch."""


def registry_of(room: str) -> PartRegistry:
    """Return the parts of a room.

    >>> "gated" in registry_of("fusion")
    True

    Raises:
        ConfigError: there is no such room.
    """
    if room not in ROOMS:
        raise ConfigError(unknown("room", room, ROOMS))
    registry: PartRegistry = _base(room).registry
    return registry


def rooms_of(part: str) -> list[str]:
    """Return the rooms of the class that an import path names, `module:Class`; usually one.

    Raises:
        ConfigError: it cannot be imported.
    """
    return [room for room in ROOMS if issubclass(registry_of(room).find(part), _base(room))]


def _base(room: str) -> Any:
    module, name = ROOMS[room]
    return getattr(import_module(module), name)
