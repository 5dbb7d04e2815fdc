"""Errors of a run: scores by parts of its rows, calibration, confusion, and the worst rows.

>>> import torso
>>> table = {"x": [float(n % 7) for n in range(90)], "sex": ["f", "m", "f"] * 30, "y": [n % 7 > 3 for n in range(90)]}
>>> run = torso.fit(table, {"y": "binary"}, settings={"dim": 8, "training.epochs": 1, "blend": "off"})
>>> by_sex = torso.slices(run, table, by=["sex"])
>>> [(part.by, part.name) for part in by_sex.parts if part.by == "sex"]
[('sex', 'f'), ('sex', 'm')]
>>> torso.mistakes(run, worst=3).tasks["y"].worst[0].row <= 90
True
"""

from torso.studies.slices.mistakes import Mistakes
from torso.studies.slices.mistakes_study import mistakes
from torso.studies.slices.result import Slices
from torso.studies.slices.study import slices

__all__ = ["Mistakes", "Slices", "mistakes", "slices"]
