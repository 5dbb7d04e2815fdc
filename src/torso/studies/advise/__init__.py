"""Advice on how to train a run: which tasks together, which inputs, fusion, sharing and balancing, each really trained.

>>> from torso.studies.advise import Advice, Answer
>>> Advice((Answer("groups", "all together", "single tasks", "all together", ("Train all tasks together.",)),))
Train all tasks together.
"""

from torso.studies.advise.advise import advise, planned
from torso.studies.advise.answer import UNKNOWN, Answer, Raced
from torso.studies.advise.asking import QUESTIONS
from torso.studies.advise.report import Advice

__all__ = ["QUESTIONS", "UNKNOWN", "Advice", "Answer", "Raced", "advise", "planned"]
