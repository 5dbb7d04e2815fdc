"""What can be named in YAML: every registered part of every room, with its settings and first sentence."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

from torso.balancing import Balancer
from torso.columns.inputs import Input
from torso.core.errors import ConfigError, unknown
from torso.core.registry import Registry
from torso.encoders import Encoder
from torso.fusion import Fusion
from torso.sharing import Sharing
from torso.tasks.heads import Head
from torso.tasks.targets import TargetKind

__all__ = ["Entry", "rooms"]

_REGISTRIES: dict[str, Registry[Any]] = {
    "inputs": Input.registry,
    "encoders": Encoder.registry,
    "fusion": Fusion.registry,
    "sharing": Sharing.registry,
    "heads": Head.registry,
    "targets": TargetKind.registry,
    "balancing": Balancer.registry,
}


@dataclass(frozen=True)
class Entry:
    """One part.

    Attributes:
        name: as YAML says it.
        settings: as `name=default`.
        summary: the first sentence about it.
        needs: what it needs and what that costs, where the room says so.
        paper: where the first paper of its docstring is; empty for none.
    """

    name: str
    settings: str
    summary: str
    needs: str = ""
    paper: str = ""


def rooms(only: str = "") -> dict[str, list[Entry]]:
    """Return room -> its parts; `only` picks one room.

    Raises:
        ConfigError: there is no such room.
    """
    if only and only not in _REGISTRIES:
        raise ConfigError(unknown("room", only, _REGISTRIES))
    return {
        room: [
            Entry(name, _settings(part), _summary(part), getattr(part, "needs", ""), _paper(part))
            for name, part in registry.items()
        ]
        for room, registry in _REGISTRIES.items()
        if only in ("", room)
    }


def _settings(part: type) -> str:
    """Return the keyword settings that a user may give: those with a default."""
    return ", ".join(
        f"{name}={parameter.default!r}".replace("'", "")
        for name, parameter in inspect.signature(part).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    )


def _summary(part: type) -> str:
    text = inspect.getdoc(part) or ""
    return " ".join(text.split("\n\n")[0].split())


def _paper(part: type) -> str:
    found = re.search(
        r"https://(arxiv\.org/abs|openreview\.net)/[^\s)]+", inspect.getdoc(part) or ""
    )
    return found.group().removeprefix("https://") if found else ""
