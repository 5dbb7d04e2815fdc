"""Packages that not every installation has: imported when a part needs them, never when Torso is.

Those of an extra come when asked for. Others come with Torso, but only learning or frames need them: a machine that only
answers may lack them.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from torso.core.errors import MissingDependency

__all__ = ["TRAINING", "require", "require_training"]

TRAINING = ("torch", "scipy", "sklearn", "lightgbm", "pandas")
"""Modules of the extra `train`: what learns, and what answers with a run itself."""


def require(module: str, *, why: str, extra: str = "", package: str = "") -> ModuleType:
    """Return the imported `module`.

    >>> require("math", extra="video", why="A column of videos").sqrt(9.0)
    3.0

    Args:
        module: to import.
        why: the part that needs it, as the first words of the message.
        extra: of Torso that installs it.
        package: that pip installs, for a module without an extra.

    Raises:
        MissingDependency: it is not installed; the message has the pip line that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependency(
            f"{why} needs the package {module.split('.')[0]!r}. "
            f"Install it with: pip install '{package or f'torso[{extra}]'}'"
        ) from error


def require_training(why: str) -> None:
    """Raise a MissingDependency unless torch is installed; it is looked for, not imported.

    Args:
        why: the part that needs it, as the first words of the message.
    """
    if find_spec("torch") is None:
        raise MissingDependency(
            f"{why} needs the package 'torch'. Install it with what learning needs: pip install 'torso[train]'. Without a "
            "graphics card, its small build first: pip install torch --index-url https://download.pytorch.org/whl/cpu"
        )
