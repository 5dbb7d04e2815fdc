"""Robustness of a run: its scores under noise and without some of its modalities, as numbers and as a picture.

>>> import torso
>>> table = {"x": [float(n % 7) for n in range(60)], "word": ["a", "b", "c"] * 20, "y": [n % 7 + 0.5 for n in range(60)]}
>>> run = torso.fit(table, {"y": "number"}, settings={"dim": 8, "training.epochs": 1})
>>> robustness = torso.robustness(run, table, levels=[0.0, 1.0])
>>> robustness.metrics, list(robustness.curves)
({'y': 'r2'}, ['numbers', 'categories', 'all modalities'])
>>> len(robustness.subsets)  # either modality alone, and both
3
"""

from torso.studies.robustness.report import Robustness, robustness

__all__ = ["Robustness", "robustness"]
