"""Input kinds: what a column of a table may hold, one idea per file."""

from torso.columns.inputs._input import InputKind
from torso.columns.inputs.category import Binary, Category
from torso.columns.inputs.media import Audio, Image, Video
from torso.columns.inputs.number import Datetime, Number
from torso.columns.inputs.text import Text
from torso.columns.inputs.vector import Sequence, Vector

__all__ = [
    "Audio",
    "Binary",
    "Category",
    "Datetime",
    "Image",
    "InputKind",
    "Number",
    "Sequence",
    "Text",
    "Vector",
    "Video",
]
