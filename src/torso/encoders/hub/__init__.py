"""Pretrained encoders: backbones from the Hugging Face hub, a folder or a package, and how much of them is trained."""

from torso.encoders.hub.audio import AudioHub
from torso.encoders.hub.image import ImageHub
from torso.encoders.hub.text import TextHub
from torso.encoders.hub.video import VideoHub

__all__ = ["AudioHub", "ImageHub", "TextHub", "VideoHub"]
