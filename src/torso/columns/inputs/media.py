"""Pictures, recordings and videos as inputs: a file per cell, decoded once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from torso.columns.inputs._input import Input
from torso.columns.media.audio import AudioSettings, decode_audio, decode_samples
from torso.columns.media.images import decode_image
from torso.columns.media.videos import decode_video, pyav
from torso.columns.reading import Decoder, Reading
from torso.columns.sources import Source
from torso.tables.table import Column

__all__ = ["AudioInput", "ImageInput", "VideoInput", "image_decoder"]


def image_decoder(size: int) -> Decoder:
    """Return the decoder of pictures to uint8 `[size, size, 3]`."""
    return Decoder(
        settings={"form": "image", "version": 1, "size": size},
        decode=partial(decode_image, size=size),
        dtype=np.dtype(np.uint8),
        tail=(size, 3),
        fixed=size,
    )


class _Media(Input):
    """A column of paths (relative to the table, or to `root`) or of raw bytes.

    Args:
        root: folder or zip, or several, that the paths are relative to; default: the table's folder.
    """

    def __init__(self, root: str | Sequence[str] | None = None) -> None:
        self.root = root

    @abstractmethod
    def decoder(self) -> Decoder:
        """Return what turns a file's bytes into features."""

    def source(self, column: Column, reading: Reading) -> Source:
        """Read every file of the column, from the cache where it is known."""
        return reading.media(column, self.decoder(), self.root)

    def stamps(self, column: Column, reading: Reading) -> np.ndarray:
        """Return uint8 `[rows, 16]`, which change when a file does; zeros where there is none to be found."""
        return reading.stamps(column, self.root)


class ImageInput(_Media, name="image", form="image", encoder="convnet"):
    """A picture: PNG, JPEG, WebP, GIF, BMP or TIFF, whatever the file is called.

    Args:
        size: side in pixels that every picture is brought to.
        root: folder or zip, or several, that the paths are relative to; default: the table's folder.
    """

    def __init__(self, size: int = 64, root: str | Sequence[str] | None = None) -> None:
        super().__init__(root)
        self.size = _side(size)

    def decoder(self) -> Decoder:
        """Return the decoder to uint8 `[size, size, 3]`."""
        return image_decoder(self.size)

    def offered(self) -> dict[str, Any]:
        """Offer the side and the colours."""
        return {"size": self.size, "channels": 3}


class AudioInput(_Media, name="audio", form="audio", encoder="convnet"):
    """A recording: WAV, FLAC, AIFF, Ogg (Vorbis, Opus) or MP3, as log-mel frames or as samples.

    Args:
        rate: samples per second, Hz, that every recording is brought to.
        mels: mel bands of a frame.
        hop: seconds from frame to frame.
        window: seconds that one frame looks at.
        seconds: read from the start; the rest is cut.
        layout: `log_mel` frames, or `samples` (16 bits) for encoders that compute their own frames.
        root: folder or zip, or several, that the paths are relative to; default: the table's folder.
    """

    def __init__(
        self,
        rate: int = 16_000,
        mels: int = 64,
        hop: float = 0.02,
        window: float = 0.025,
        seconds: float = 12.0,
        layout: Literal["log_mel", "samples"] = "log_mel",
        root: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(root)
        if layout not in ("log_mel", "samples"):
            raise ValueError(f"Parameter `layout` should be log_mel or samples. Found {layout!r}.")
        self.layout = layout
        self.settings = AudioSettings(rate=rate, mels=mels, hop=hop, window=window, seconds=seconds)

    def decoder(self) -> Decoder:
        """Return the decoder to float16 `[frames, mels]`, or to int16 `[samples]`."""
        settings = self.settings
        if self.layout == "samples":
            rate, seconds = settings.rate, settings.seconds
            return Decoder(
                settings={"form": "samples", "version": 1, "rate": rate, "seconds": seconds},
                decode=partial(decode_samples, rate=rate, seconds=seconds),
                dtype=np.dtype(np.int16),
                tail=(),
            )
        return Decoder(
            settings={"form": "audio", "version": 1, **vars(settings)},
            decode=partial(decode_audio, settings=settings),
            dtype=np.dtype(np.float16),
            tail=(settings.mels,),
        )

    def offered(self) -> dict[str, Any]:
        """Offer the number of mel bands, or samples per second."""
        if self.layout == "samples":
            return {"rate": self.settings.rate}
        return {"mels": self.settings.mels}


class VideoInput(_Media, name="video", form="video", encoder="frames"):
    """A video without its sound: MP4, MOV, WebM, Matroska or AVI, whatever the file is called; needs `torso[video]`.

    Every frame is decoded, so a video of more than 20,000 frames counts as unreadable.

    Args:
        size: side in pixels that every frame is brought to.
        frames: taken evenly over the whole video; a video of fewer gives all it has, and a mask says so.
        root: folder or zip, or several, that the paths are relative to; default: the table's folder.
    """

    def __init__(
        self, size: int = 64, frames: int = 8, root: str | Sequence[str] | None = None
    ) -> None:
        super().__init__(root)
        pyav()
        if not 1 <= frames <= 1024:
            raise ValueError(f"Parameter `frames` should be from 1 to 1024. Found {frames}.")
        self.size = _side(size)
        self.frames = frames

    def decoder(self) -> Decoder:
        """Return the decoder to uint8 `[frames, size, size, 3]`."""
        return Decoder(
            settings={"form": "video", "version": 1, "size": self.size, "frames": self.frames},
            decode=partial(decode_video, size=self.size, frames=self.frames),
            dtype=np.dtype(np.uint8),
            tail=(self.size, self.size, 3),
        )

    def offered(self) -> dict[str, Any]:
        """Offer the side, and the most frames of a row."""
        return {"size": self.size, "frames": self.frames}


def _side(size: int) -> int:
    if not 16 <= size <= 1024:
        raise ValueError(f"Parameter `size` should be from 16 to 1024 pixels. Found {size}.")
    return size
