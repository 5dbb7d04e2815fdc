"""Optimizers: `adamw` and `sgd`, and any class of `torch.optim.Optimizer` by `module:Class`.

>>> import torch
>>> weights = [torch.nn.Parameter(torch.ones(2))]
>>> sgd = Optimizer.registry.build({"type": "sgd", "momentum": 0.5}, params=weights, lr=0.1)
>>> sgd.param_groups[0]["momentum"]
0.5
"""

from torso.training.optimizers._optimizer import ELSEWHERE, Optimizer
from torso.training.optimizers._state import optimizer_state, restore_optimizer
from torso.training.optimizers.adamw import AdamW
from torso.training.optimizers.sgd import SGD

__all__ = ["ELSEWHERE", "SGD", "AdamW", "Optimizer", "optimizer_state", "restore_optimizer"]
