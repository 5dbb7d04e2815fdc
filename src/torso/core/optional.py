"""Optional dependencies: imported when a part that needs them is made, never when Torso is."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from torso.core.errors import MissingDependency

__all__ = ["require"]


def require(module: str, *, extra: str, why: str) -> ModuleType:
    """Return the imported `module`.

    >>> require("math", extra="video", why="A column of videos").sqrt(9.0)
    3.0

    Args:
        module: to import.
        extra: of Torso that installs it.
        why: the part that needs it, as the first words of the message.

    Raises:
        MissingDependency: it is not installed; the message has the pip line that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependency(
            f"{why} needs the package {module!r}. Install it with: pip install 'torso[{extra}]'"
        ) from error
