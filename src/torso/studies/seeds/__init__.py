"""A run once more under other seeds: how far its scores depend on the first weights and the order of the rows.

>>> import torso
>>> table = {"size": [n % 7 for n in range(90)], "price": [n % 7 for n in range(90)]}
>>> small = {"dim": 8, "training.epochs": 1, "folds": 0, "blend": "off"}
>>> prepared = torso.prepare(table, {"price": "number"}, settings=small)
>>> study = torso.seeds(torso.train(prepared), prepared, count=2)
>>> study.seeds, len(study.scores["price"]["r2"])
((0, 1), 2)
"""

from torso.studies.seeds.report import Seeds
from torso.studies.seeds.study import seeds

__all__ = ["Seeds", "seeds"]
