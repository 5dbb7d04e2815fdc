"""Training: the trainer, its listeners, the checkpoint, the device.

A loop by hand, on a model with one input and one target:

>>> import numpy as np
>>> from torso.balancing import Equal
>>> from torso.columns.dataset import Dataset
>>> from torso.columns.loader import Loader
>>> from torso.columns.sources import ArraySource
>>> from torso.model import Model, PartSpec
>>> from torso.training import STOP, Listener, Trainer, TrainingConfig, answer
>>> x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
>>> table = Dataset(60, {"x": ArraySource(x, np.ones_like(x, bool))}, {"sum": x.sum(axis=1)})
>>> model = Model.build(
...     {"x": PartSpec("numbers", "periodic", {"columns": 3})},
...     {"sum": PartSpec("number", "gaussian", {"mean": 0.0, "std": 1.7})},
...     dim=8,
... )
>>> training = Loader(table, np.arange(48), batch_size=16, shuffle=True)
>>> validation = Loader(table, np.arange(48, 60), batch_size=16)

A listener receives every epoch, and ends the training if it likes:

>>> class Enough(Listener):
...     def epoch_done(self, epoch):
...         return STOP if epoch.number == 2 else None
>>> config = TrainingConfig(epochs=20, lr=0.01)
>>> trainer = Trainer(model, Equal(["sum"]), training, validation, config, Enough())
>>> trainer.run()
'stopped by Enough'
>>> trainer.epoch
2
>>> answer(model, validation).predictions(model)["sum"].value.shape
(12,)

Names are imported when they are first used, so `torso.training.config` comes without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.training.adapters import MLflow, TensorBoard, WandB
    from torso.training.answers import Answers, answer
    from torso.training.config import TrainingConfig
    from torso.training.devices import autocast, choose_device
    from torso.training.frozen_features import (
        encode_frozen,
        encoded_once,
        run_frozen_once,
        shows_views,
    )
    from torso.training.json_log import JsonLog
    from torso.training.listeners import STOP, Epoch, Listener, Listeners, Look, Stop
    from torso.training.prediction import Prediction
    from torso.training.trainer import Trainer

__all__ = [
    "STOP",
    "Answers",
    "Epoch",
    "JsonLog",
    "Listener",
    "Listeners",
    "Look",
    "MLflow",
    "Prediction",
    "Stop",
    "TensorBoard",
    "Trainer",
    "TrainingConfig",
    "WandB",
    "answer",
    "autocast",
    "choose_device",
    "encode_frozen",
    "encoded_once",
    "run_frozen_once",
    "shows_views",
]

__getattr__ = lazy_names(
    __name__,
    {
        ".adapters": "MLflow TensorBoard WandB",
        ".answers": "Answers answer",
        ".config": "TrainingConfig",
        ".devices": "autocast choose_device",
        ".frozen_features": "encode_frozen encoded_once run_frozen_once shows_views",
        ".json_log": "JsonLog",
        ".listeners": "STOP Epoch Listener Listeners Look Stop",
        ".prediction": "Prediction",
        ".trainer": "Trainer",
    },
)
