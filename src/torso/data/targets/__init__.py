"""Target kinds: what can be asked of a row, one idea per file."""

from torso.data.targets._target import TargetKind, labelled
from torso.data.targets.boxes import Boxes
from torso.data.targets.caption import Caption
from torso.data.targets.classes import Binary, Category, Multilabel
from torso.data.targets.count import Count
from torso.data.targets.map import Map
from torso.data.targets.mask import Mask
from torso.data.targets.numbers import Number, Vector
from torso.data.targets.ordinal import Ordinal
from torso.data.targets.retrieval import Retrieval
from torso.data.targets.survival import Survival
from torso.data.targets.tags import Tags
from torso.data.targets.tracks import Tracks

__all__ = [
    "Binary",
    "Boxes",
    "Caption",
    "Category",
    "Count",
    "Map",
    "Mask",
    "Multilabel",
    "Number",
    "Ordinal",
    "Retrieval",
    "Survival",
    "Tags",
    "TargetKind",
    "Tracks",
    "Vector",
    "labelled",
]
