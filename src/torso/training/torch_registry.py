"""Parts that PyTorch's users know, by name, and any other of their kind by its import path."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

from torso.core.registry import Registry
from torso.core.signature import Setting

__all__ = ["TorchRegistry"]

Part = TypeVar("Part")


class TorchRegistry(Registry[Part]):
    """Names of Torso's own parts; of a part from elsewhere, users set all arguments but those that are offered.

    Args:
        room: as for every registry.
        offered: arguments that the trainer fills in, beside the first one.
    """

    def __init__(self, room: str, offered: Collection[str]) -> None:
        super().__init__(room)
        self.offered = offered

    def settings(self, name: str) -> dict[str, Setting]:
        """Return all arguments of a part."""
        known = super().settings(name)
        if ":" not in name:
            return known
        hidden = {*self.offered, *[*known][:1]}
        return {key: replace(each, by_user=key not in hidden) for key, each in known.items()}
