"""Target kinds: what can be asked of a row, one idea per file."""

from torso.data.targets._target import TargetKind, labelled
from torso.data.targets.classes import Binary, Category, Multilabel
from torso.data.targets.numbers import Number, Vector

__all__ = ["Binary", "Category", "Multilabel", "Number", "TargetKind", "Vector", "labelled"]
