"""Weighted metrics, the bootstrap and the report of one task, in numpy alone.

A metric is a formula over row weights, so one call gives its value and that of every resample:

>>> import numpy as np
>>> from torso.evaluation.bootstrap import interval, resamples_of
>>> right = np.array([1, 1, 0, 1, 1, 1, 0, 1.0])
>>> def accuracy(weights):
...     return (weights * right).sum(axis=1) / weights.sum(axis=1)
>>> accuracy(np.ones((1, 8))).item()
0.75
>>> resamples = np.concatenate(list(resamples_of(np.arange(8), resamples=500, seed=0)))
>>> low, high = interval(accuracy(resamples))
>>> 0.3 < low < 0.75 < high <= 1.0
True
"""
