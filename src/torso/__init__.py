"""Torso: many senses in, one shared body, many tasks out.

`torso.fit` trains one model on a table with gaps; `torso.load` opens a run; every room (`torso.encoders`,
`torso.fusion`, `torso.sharing`, `torso.heads`, `torso.balancing`) is usable alone. Nothing heavy is imported
before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from torso._version import __version__

if TYPE_CHECKING:
    from torso.estimator import Estimator
    from torso.fitting import fit
    from torso.model import Model
    from torso.predictor import Predictor, load
    from torso.stress import robustness
    from torso.types import Batch, Features, Tokens

__all__ = [
    "Batch",
    "Estimator",
    "Features",
    "Model",
    "Predictor",
    "Tokens",
    "__version__",
    "fit",
    "load",
    "robustness",
]

_HOME = {
    "Batch": "torso.types",
    "Estimator": "torso.estimator",
    "Features": "torso.types",
    "Model": "torso.model",
    "Predictor": "torso.predictor",
    "Tokens": "torso.types",
    "fit": "torso.fitting",
    "load": "torso.predictor",
    "robustness": "torso.stress",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'torso' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
