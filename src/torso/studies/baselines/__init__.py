"""Honest baselines of a run: simpler models on the same rows, at the same settings and budget.

>>> import torso
>>> table = {"size": [n % 7 for n in range(90)], "shop": ["ab"[n % 2] for n in range(90)], "price": [n % 7 for n in range(90)]}
>>> small = {"dim": 8, "training.epochs": 1, "folds": 0, "blend": "off"}
>>> prepared = torso.prepare(table, {"price": "number"}, settings=small)
>>> study = torso.baselines(torso.train(prepared), prepared, workers=1)
>>> [baseline.name for baseline in study.baselines]
['majority', 'plain', 'input-numbers', 'input-categories']
>>> study.skipped["concat"]
'the run itself is that: fusion concat, equal weights'
"""

from torso.studies.baselines.report import Baseline, Baselines, Beside
from torso.studies.baselines.study import baselines

__all__ = ["Baseline", "Baselines", "Beside", "baselines"]
