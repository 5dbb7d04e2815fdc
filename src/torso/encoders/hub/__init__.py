"""Pretrained encoders: backbones from a hub, a folder or a package, frozen or tuned.

>>> from torso.encoders import Encoder
>>> spec = {"type": "image/hub", "name": "facebook/dinov2-small", "train": "lora"}
>>> Encoder.build(spec, dim=64)  # doctest: +SKIP

A backbone turns the values and mask of a column into tokens of its own width, here one of 1280 numbers:

>>> from torso.encoders.hub.efficientnet_lite import EfficientNetLite
>>> backbone = EfficientNetLite().eval()  # without its pretrained weights
>>> picture = backbone.example()
>>> backbone(picture.values, picture.mask).values.shape
torch.Size([1, 1, 1280])
"""

from torso.encoders.hub.audio import AudioHub
from torso.encoders.hub.image import ImageHub
from torso.encoders.hub.text import TextHub
from torso.encoders.hub.video import VideoHub

__all__ = ["AudioHub", "ImageHub", "TextHub", "VideoHub"]
