"""Videos as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar

import numpy as np

from torso.columns.inputs._input import Offers
from torso.columns.inputs._media import MediaInput, check_side
from torso.columns.media.decoder import FileDecoder
from torso.columns.media.videos import decode_video, is_video, pyav, video_facts
from torso.columns.profile import Guess, Profile
from torso.core.errors import MissingDependency
from torso.core.ranges import Range

__all__ = ["VideoInput"]


class VideoInput(MediaInput, name="video", form="video", encoder="frames", rank=12):
    """A video without its sound: MP4, MOV, WebM, Matroska or AVI, whatever the file is called.

    Every frame is decoded, so a video of more than 20,000 frames counts as unreadable.

    Args:
        size: side in pixels that every frame is brought to.
        frames: taken evenly over the whole video; a video of fewer gives all it has, and a mask says so.
    """

    needs: ClassVar[str] = "torso[video]"
    endings = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi")
    begins = staticmethod(is_video)
    facts = ("seconds", "frames", "width", "height")
    read_facts = staticmethod(video_facts)

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise names and bytes of videos; warn if nothing here can decode them."""
        guess = super().recognise(profile)
        if guess is None:
            return None
        try:
            pyav()
        except MissingDependency as error:
            return replace(guess, warnings=(*guess.warnings, str(error)))
        return guess

    def __init__(
        self,
        size: Annotated[int, Range(32, 224, log=True)] = 64,
        frames: Annotated[int, Range(4, 32, log=True)] = 8,
        root: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(root)
        pyav()
        if not 1 <= frames <= 1024:
            raise ValueError(f"Parameter `frames` should be from 1 to 1024. Found {frames}.")
        self.size = check_side(size)
        self.frames = frames

    def decoder(self) -> FileDecoder:
        """Return the decoder to uint8 `[frames, size, size, 3]`."""
        return FileDecoder(
            settings={"form": "video", "version": 1, "size": self.size, "frames": self.frames},
            decode=partial(decode_video, size=self.size, frames=self.frames),
            dtype=np.dtype(np.uint8),
            tail=(self.size, self.size, 3),
        )

    def offered(self) -> Offers:
        """Offer the side, and the most frames of a row."""
        return {"size": self.size, "frames": self.frames}
