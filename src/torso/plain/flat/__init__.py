"""The flat view of a row: numbers and sparse counts that any plain model can read.

>>> from torso.plain.flat import Flattener
>>> "audio" in Flattener.registry
True
"""

from torso.plain.flat._flattener import Cells, Flattener, Measured, Part, Piece
from torso.plain.flat.audio import AudioFlattener
from torso.plain.flat.categories import CategoriesFlattener
from torso.plain.flat.encoded import EncodedFlattener
from torso.plain.flat.flat import Flat
from torso.plain.flat.image import ImageFlattener
from torso.plain.flat.names import NamesFlattener
from torso.plain.flat.numbers import NumbersFlattener
from torso.plain.flat.sequence import SequenceFlattener
from torso.plain.flat.sets import SetsFlattener
from torso.plain.flat.texts import TextsFlattener
from torso.plain.flat.vector import VectorFlattener
from torso.plain.flat.video import VideoFlattener
from torso.plain.flat.view import FlatView

__all__ = [
    "AudioFlattener",
    "CategoriesFlattener",
    "Cells",
    "EncodedFlattener",
    "Flat",
    "FlatView",
    "Flattener",
    "ImageFlattener",
    "Measured",
    "NamesFlattener",
    "NumbersFlattener",
    "Part",
    "Piece",
    "SequenceFlattener",
    "SetsFlattener",
    "TextsFlattener",
    "VectorFlattener",
    "VideoFlattener",
]
