"""Advice on which tasks to train together: groupings proposed by affinities, really trained, chosen where surely better.

>>> from torso.studies.advise import Advice
>>> Advice("all together", (("a", "b"),), {}, False, ("Train all tasks together.",))
Train all tasks together.
"""

from torso.studies.advise.advise import advise, planned
from torso.studies.advise.report import Advice, Raced

__all__ = ["Advice", "Raced", "advise", "planned"]
