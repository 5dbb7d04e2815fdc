"""Trackers by the name that the command line has for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torso.core.errors import ConfigError, unknown
from torso.training.adapters.mlflow import MLflow
from torso.training.adapters.tensorboard import TensorBoard
from torso.training.adapters.tracker import Tracker
from torso.training.adapters.wandb import WandB

__all__ = ["named_tracker"]

_MADE: Mapping[str, Callable[[str, Path], Tracker]] = {
    "tensorboard": lambda where, run: TensorBoard(
        Path(where or run.parent / "tensorboard").expanduser() / run.name
    ),
    "mlflow": lambda where, run: MLflow(where or run.parent / "mlruns", name=run.name),
    "wandb": lambda where, run: WandB(where or "torso", run.name, folder=run.parent),
}


def named_tracker(said: str, run: Path) -> Tracker:
    """Return the tracker that `tensorboard`, `mlflow=PLACE` and so on mean; its run has the name of the folder.

    Args:
        said: a name; behind `=` the folder of TensorBoard or MLflow, a server of MLflow, or a project of Weights & Biases,
            by default beside the run's folder.
        run: folder of the run. Nothing is written into it, as it holds nothing but the run.

    Raises:
        ConfigError: an unknown name.
        MissingDependency: its package is absent.
    """
    name, _, where = said.partition("=")
    if name not in _MADE:
        raise ConfigError(f"`log`: {unknown('log', name, _MADE)}")
    return _MADE[name](where, run.absolute())
