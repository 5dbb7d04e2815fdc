"""The folders of the kinds of task: found, not listed, and imported when a part of them is asked for.

A kind is a folder with `target.py`, `scores.py`, `example.py` and its heads in all other modules. Targets and scores
do without torch. A folder outside this package counts from the moment that its `target` is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar

from torso.core.ranges import SetBy
from torso.core.registry import Registry

__all__ = ["KindRegistry", "add_folder", "folders"]

Part = TypeVar("Part")

_TASKS = "torso.tasks"
_NO_HEADS = ("target", "scores", "example")
_outside: dict[str, None] = {}


def folders() -> list[str]:
    """Return the packages that hold a kind each: Torso's own, by name, then those from outside.

    >>> "torso.tasks.number" in folders()
    True
    """
    return [*_own_folders(), *_outside]


@cache
def _own_folders() -> tuple[str, ...]:
    own = [module.name for module in iter_modules(import_module(_TASKS).__path__) if module.ispkg]
    return tuple(f"{_TASKS}.{name}" for name in own if not name.startswith("_"))


def add_folder(target_module: str) -> None:
    """Take note of the folder of a module `...target`; any other module stands for itself."""
    package, _, name = target_module.rpartition(".")
    if name == "target" and package and not package.startswith(f"{_TASKS}."):
        _outside[package] = None


class KindRegistry(Registry[Part]):
    """Parts that lie in the kinds' folders, which are imported at the first question.

    Args:
        room: what a part is called in messages.
        module: that holds the parts; empty: all that hold heads.
    """

    def __init__(self, room: str, module: str = "", *, positional: SetBy = SetBy.DATA) -> None:
        super().__init__(room, positional=positional)
        self._module = module
        self._seen: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        self._import_folders()
        return super().__iter__()

    def __contains__(self, name: object) -> bool:
        self._import_folders()
        return super().__contains__(name)

    def items(self) -> list[tuple[str, type[Part]]]:
        """Return `(name, class)` pairs, sorted by name."""
        self._import_folders()
        return super().items()

    def find(self, name: str) -> type[Part]:
        """Return the class filed under `name`, or imported from `module:Class`."""
        self._import_folders()
        return super().find(name)

    def _import_folders(self) -> None:
        for package in folders():
            if package not in self._seen:
                self._seen.add(package)
                for module in self._modules(package):
                    import_module(module)

    def _modules(self, package: str) -> list[str]:
        names = [module.name for module in iter_modules(import_module(package).__path__)]
        wanted = [n for n in names if (n == self._module if self._module else n not in _NO_HEADS)]
        return [f"{package}.{name}" for name in wanted]
