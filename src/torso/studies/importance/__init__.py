"""Importance of the columns and modalities of a run, for each of its tasks.

>>> import numpy as np, torso
>>> draw = np.random.default_rng(0)
>>> size, noise = draw.normal(size=200), draw.normal(size=200)
>>> table = {"size": size, "noise": noise, "price": 3 * size + 0.1 * noise}
>>> run = torso.fit(table, ["price"], quality="fast", settings={"training.epochs": 2, "dim": 8})
>>> importance = torso.importance(run, table)
>>> [effect.name for effect in importance.ranked("price")]
['size', 'noise']
"""

from torso.studies.importance.result import Effect, Importance, Interaction, Subset
from torso.studies.importance.study import importance

__all__ = ["Effect", "Importance", "Interaction", "Subset", "importance"]
