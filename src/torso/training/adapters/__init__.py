"""Listeners that pass a training on to TensorBoard, MLflow and Weights & Biases: losses, metrics, weights, times, scores.

>>> from torso.training import Epoch
>>> from torso.training.adapters import figures_of
>>> epoch = Epoch(1, {"digit": 0.7}, {"digit": 0.9}, {"digit": {"accuracy": 0.8}}, seconds=2.0, lr=0.1)
>>> list(figures_of(epoch))
['loss/training/digit', 'loss/validation/digit', 'digit/accuracy', 'time/seconds', 'time/waited', 'rows', 'lr']

Each package is an extra of Torso's and is imported when its listener is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.training.adapters.mlflow import MLflow
    from torso.training.adapters.named import named_tracker
    from torso.training.adapters.tensorboard import TensorBoard
    from torso.training.adapters.tracker import Tracker, figures_of
    from torso.training.adapters.wandb import WandB

__all__ = ["MLflow", "TensorBoard", "Tracker", "WandB", "figures_of", "named_tracker"]

__getattr__ = lazy_names(
    __name__,
    {
        ".mlflow": "MLflow",
        ".named": "named_tracker",
        ".tensorboard": "TensorBoard",
        ".tracker": "Tracker figures_of",
        ".wandb": "WandB",
    },
)
