"""Training: the trainer, its listeners, the checkpoint, the device. Names are imported when they are first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.training.answers import Answers, Prediction, answer
    from torso.training.config import TrainingConfig
    from torso.training.devices import autocast, choose_device
    from torso.training.frozen_features import run_frozen_once, shows_views
    from torso.training.json_log import JsonLog
    from torso.training.listeners import STOP, Epoch, Listener, Listeners, Look, Stop
    from torso.training.trainer import Trainer

__all__ = [
    "STOP",
    "Answers",
    "Epoch",
    "JsonLog",
    "Listener",
    "Listeners",
    "Look",
    "Prediction",
    "Stop",
    "Trainer",
    "TrainingConfig",
    "answer",
    "autocast",
    "choose_device",
    "run_frozen_once",
    "shows_views",
]

__getattr__ = lazy_names(
    __name__,
    {
        "STOP": "torso.training.listeners",
        "Answers": "torso.training.answers",
        "Epoch": "torso.training.listeners",
        "JsonLog": "torso.training.json_log",
        "Listener": "torso.training.listeners",
        "Listeners": "torso.training.listeners",
        "Look": "torso.training.listeners",
        "Prediction": "torso.training.answers",
        "Stop": "torso.training.listeners",
        "Trainer": "torso.training.trainer",
        "TrainingConfig": "torso.training.config",
        "answer": "torso.training.answers",
        "autocast": "torso.training.devices",
        "choose_device": "torso.training.devices",
        "run_frozen_once": "torso.training.frozen_features",
        "shows_views": "torso.training.frozen_features",
    },
)
