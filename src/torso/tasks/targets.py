"""Target kinds: what can be asked of a row, one idea per file."""

from torso.tasks._base.target import TargetKind, labelled
from torso.tasks.boxes.target import Boxes
from torso.tasks.caption.target import Caption
from torso.tasks.category.target import Binary, Category, Multilabel
from torso.tasks.count.target import Count
from torso.tasks.map.target import Map
from torso.tasks.mask.target import Mask
from torso.tasks.number.target import Number, Vector
from torso.tasks.ordinal.target import Ordinal
from torso.tasks.retrieval.target import Retrieval
from torso.tasks.survival.target import Survival
from torso.tasks.tags.target import Tags
from torso.tasks.tracks.target import Tracks

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
