"""Training: the loop, its events, the checkpoint, the device."""

from torso.training.devices import autocast, choose_device
from torso.training.events import Epoch, JsonLog, Listener, Listeners, Look
from torso.training.inference import Answers, Prediction, answer
from torso.training.loop import Plan, Trainer
from torso.training.once import run_frozen_once, shows_views

__all__ = [
    "Answers",
    "Epoch",
    "JsonLog",
    "Listener",
    "Listeners",
    "Look",
    "Plan",
    "Prediction",
    "Trainer",
    "answer",
    "autocast",
    "choose_device",
    "run_frozen_once",
    "shows_views",
]
