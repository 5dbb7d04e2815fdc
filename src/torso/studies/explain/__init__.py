"""Explanations of single rows: which modality, column, word, region or stretch decided an answer.

>>> import torso
>>> table = {"x": [float(n % 7) for n in range(60)], "word": ["a", "b", "c"] * 20, "y": [n % 7 + 0.5 for n in range(60)]}
>>> run = torso.fit(table, {"y": "number"}, settings={"dim": 8, "training.epochs": 1})
>>> explanation = torso.explain(run, table, row=17)
>>> answer = explanation["y"]
>>> sorted(share.modality for share in answer.modalities)
['categories', 'numbers']
>>> round(answer.without + sum(share.share.value for share in answer.modalities) - answer.value, 6)
0.0
"""

from torso.studies.explain.explain import explain
from torso.studies.explain.report import Explanation

__all__ = ["Explanation", "explain"]
