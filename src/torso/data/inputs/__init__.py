"""Input kinds: what a column of a table may hold, one idea per file."""

from torso.data.inputs._input import InputKind
from torso.data.inputs.category import Binary, Category
from torso.data.inputs.media import Audio, Image, Video
from torso.data.inputs.number import Datetime, Number
from torso.data.inputs.text import Text
from torso.data.inputs.vector import Sequence, Vector

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
