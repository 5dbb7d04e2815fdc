"""Packages that not every installation has: imported when a part needs them, never when Torso is.

Those of an extra come when asked for. `train` is the largest, torch and what learns beside it: a machine that only answers
may lack it, and whoever types `torso fit` there reads the line that installs it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from torso.core.errors import MissingDependency

__all__ = ["TRAINING", "needs_training", "require", "require_training"]

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
        raise _without_training(why, "torch")


def needs_training(error: ModuleNotFoundError, why: str) -> ImportError:
    """Return the error to raise where an import failed: of the extra `train`, its pip line; else the error itself.

    Args:
        error: of the import.
        why: the part that needs the module, as the first words of the message.
    """
    package = (error.name or "").split(".")[0]
    return _without_training(why, package) if package in TRAINING else error


def _without_training(why: str, package: str) -> MissingDependency:
    return MissingDependency(
        f"{why} needs the package {package!r}, which comes with all that learning needs: pip install 'torso[train]' (on Linux "
        "without a graphics card, the small build of torch before it: pip install torch --index-url "
        "https://download.pytorch.org/whl/cpu)"
    )
