"""Kinds of input: each recognises its cells, learns from training rows, and lays out any rows."""

from torso.columns.inputs._input import Input, State, Suited
from torso.columns.inputs._media import MediaInput
from torso.columns.inputs.audio import AudioInput
from torso.columns.inputs.category import BinaryInput, CategoryInput
from torso.columns.inputs.datetime import DatetimeInput
from torso.columns.inputs.image import ImageInput
from torso.columns.inputs.name import NameInput
from torso.columns.inputs.number import NumberInput
from torso.columns.inputs.sequence import SequenceInput
from torso.columns.inputs.set import SetInput
from torso.columns.inputs.text import TextInput
from torso.columns.inputs.vector import VectorInput
from torso.columns.inputs.video import VideoInput

__all__ = [
    "AudioInput",
    "BinaryInput",
    "CategoryInput",
    "DatetimeInput",
    "ImageInput",
    "Input",
    "MediaInput",
    "NameInput",
    "NumberInput",
    "SequenceInput",
    "SetInput",
    "State",
    "Suited",
    "TextInput",
    "VectorInput",
    "VideoInput",
]
