"""Input kinds: what a column of a table may hold, one idea per file."""

from torso.columns.inputs._input import Input
from torso.columns.inputs.category import BinaryInput, CategoryInput
from torso.columns.inputs.media import AudioInput, ImageInput, MediaInput, VideoInput
from torso.columns.inputs.number import DatetimeInput, NumberInput
from torso.columns.inputs.text import TextInput
from torso.columns.inputs.vector import SequenceInput, VectorInput

__all__ = [
    "AudioInput",
    "BinaryInput",
    "CategoryInput",
    "DatetimeInput",
    "ImageInput",
    "Input",
    "MediaInput",
    "NumberInput",
    "SequenceInput",
    "TextInput",
    "VectorInput",
    "VideoInput",
]
