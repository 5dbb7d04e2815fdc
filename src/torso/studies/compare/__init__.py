"""Runs compared on the rows that all of them kept aside.

>>> import numpy as np, torso
>>> draw = np.random.default_rng(0)
>>> size = draw.normal(size=160)
>>> table = {"size": size, "noise": draw.normal(size=160), "price": 5 * size}
>>> settings = {"training.epochs": 1, "dim": 8, "folds": 0}
>>> with_size = torso.fit(table, ["price"], settings=settings)
>>> without = torso.fit(table, ["price"], inputs=["noise"], settings=settings)
>>> compared = torso.compare(without, with_size)
>>> compared.against[0].tasks[0].verdict
'helps'
"""

from torso.studies.compare.result import Against, Comparison, TaskDifference
from torso.studies.compare.study import compare

__all__ = ["Against", "Comparison", "TaskDifference", "compare"]
