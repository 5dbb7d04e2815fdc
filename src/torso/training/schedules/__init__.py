"""Schedules of the learning rate: `cosine`, `linear`, `constant`, and any `LRScheduler` by `module:Class`.

>>> import torch
>>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=1.0)
>>> schedule = Schedule.registry.build("linear", optimizer=optimizer, steps=10, warmup=0.2)
>>> schedule.get_last_lr()
[0.5]
"""

from torso.training.schedules._schedule import Schedule
from torso.training.schedules._warmed import Constant, Cosine, Linear

__all__ = ["Constant", "Cosine", "Linear", "Schedule"]
