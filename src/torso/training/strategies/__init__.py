"""Strategies: how the processes of one training work together, one or several.

The trainer asks the strategy for every number that belongs to all rows:

>>> import torch
>>> strategy = SingleProcess()
>>> strategy.rank, strategy.world, strategy.is_main
(0, 1, True)
>>> losses, labelled = strategy.reduce(torch.tensor([0.5, 0.0]), torch.tensor([3, 0]))
>>> labelled
tensor([ True, False])
"""

from torso.training.strategies._strategy import Strategy
from torso.training.strategies.data_parallel import DataParallel
from torso.training.strategies.single_process import SingleProcess

__all__ = ["DataParallel", "SingleProcess", "Strategy"]
