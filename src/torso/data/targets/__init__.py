"""Target kinds: what can be asked of a row, one idea per file."""

from torso.data.targets._target import TargetKind, labelled
from torso.data.targets.boxes import Boxes
from torso.data.targets.classes import Binary, Category, Multilabel
from torso.data.targets.count import Count
from torso.data.targets.map import Map
from torso.data.targets.mask import Mask
from torso.data.targets.numbers import Number, Vector
from torso.data.targets.ordinal import Ordinal
from torso.data.targets.retrieval import Retrieval
from torso.data.targets.survival import Survival
from torso.data.targets.tracks import Tracks

__all__ = [
    "Binary",
    "Boxes",
    "Category",
    "Count",
    "Map",
    "Mask",
    "Multilabel",
    "Number",
    "Ordinal",
    "Retrieval",
    "Survival",
    "TargetKind",
    "Tracks",
    "Vector",
    "labelled",
]
