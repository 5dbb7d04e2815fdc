"""Videos: a pretrained backbone that reads a number of frames of its own."""

from __future__ import annotations

from collections.abc import Mapping

from torso.core.hub import Snapshot
from torso.encoders.hub._pretrained import Pretrained
from torso.encoders.hub._transformers import num_frames, picture_size

__all__ = ["VideoHub"]


class VideoHub(Pretrained, form="video", name="hub"):
    """Pretrained backbone of videos: VideoMAE-, TimeSformer-, ViViT-like.

    The frames are stretched to the square that it was trained on, and normalised as it was; it reads a number of frames
    of its own, evenly over the video. A shorter video is shown slower. The settings are those of `Pretrained`.

    VideoMAE: Tong, Song, Wang, Wang, NeurIPS 2022 (https://arxiv.org/abs/2203.12602); the encoder alone, nothing masked.
    """

    @classmethod
    def input_settings(
        cls, snapshot: Snapshot, settings: Mapping[str, object]
    ) -> dict[str, object]:
        """Ask for as many frames as the model reads, of its own size."""
        del settings
        return {"size": picture_size(snapshot), "frames": num_frames(snapshot)}
