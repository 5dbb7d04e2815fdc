"""Optional dependencies: asked for when a part is made, never when Torso is imported."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from torso.core.errors import MissingDependency

__all__ = ["require"]


def require(module: str, *, extra: str, why: str) -> ModuleType:
    """Return the imported `module`, or say which extra brings it.

    Raises:
        MissingDependency: `why` needs `module`, with the pip line that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependency(
            f"{why} needs the package {module!r}. Install it with: pip install 'torso[{extra}]'"
        ) from error
