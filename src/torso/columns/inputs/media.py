"""Pictures, recordings and videos as inputs: a file per cell, decoded once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Annotated, ClassVar, Literal

import numpy as np

from torso.columns.inputs._input import Input, Offers, Suggestion
from torso.columns.media.audio import AudioSettings, decode_audio, decode_samples, is_audio
from torso.columns.media.decoder import FileDecoder
from torso.columns.media.files import MediaFiles
from torso.columns.media.images import decode_image, is_image
from torso.columns.media.picture_sizes import picture_size
from torso.columns.media.videos import decode_video, is_video, pyav
from torso.columns.media_column import media_source, media_stamps
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import Source
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["AudioInput", "ImageInput", "MediaInput", "VideoInput", "image_decoder"]

_BEGIN_SO, _END_SO = 0.5, 0.8  # shares of the cells


def image_decoder(size: int) -> FileDecoder:
    """Return the decoder of pictures to uint8 `[size, size, 3]`."""
    return FileDecoder(
        settings={"form": "image", "version": 1, "size": size},
        decode=partial(decode_image, size=size),
        dtype=np.dtype(np.uint8),
        tail=(size, 3),
        fixed=size,
    )


class MediaInput(Input):
    """Base of kinds that read files; a cell is a path (relative to the table, or to `root`) or the bytes.

    Attributes:
        endings: of the names of such files, in small letters.

    Args:
        root: folder or zip, or several, that the paths are relative to; default: the table's folder.
    """

    plain: ClassVar[bool] = False
    in_files: ClassVar[bool] = True
    endings: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise names with the kind's endings, and bytes that begin like its files."""
        if profile.is_bytes and profile.share(cls.begins) >= _BEGIN_SO:
            return Guess(cls.name, f"bytes that begin like {cls.name} files")
        if not profile.is_text:
            return None
        if profile.share(lambda text: text.lower().endswith(cls.endings)) < _END_SO:
            return None
        ending = "." + profile.values[0].rsplit(".", 1)[-1].lower()
        return Guess(cls.name, f"names of {cls.name} files such as {ending}")

    @staticmethod
    @abstractmethod
    def begins(data: bytes) -> bool:
        """Return whether the bytes begin like a file of this kind."""

    def __init__(self, root: str | Sequence[str] | None = None) -> None:
        self.root = root

    @abstractmethod
    def decoder(self) -> FileDecoder:
        """Return the decoder of a file's bytes into features."""

    def source(self, column: Column, reading: Reading) -> Source:
        """Read every file of the column, from the cache where it is known."""
        return media_source(column, reading, self.decoder(), self.root)

    def stamps(self, column: Column, reading: Reading) -> np.ndarray:
        """Return uint8 `[rows, 16]`, which change when a file does; zeros where no file is found."""
        return media_stamps(column, reading, self.root)


class ImageInput(MediaInput, name="image", form="image", encoder="convnet", rank=10):
    """A picture: PNG, JPEG, WebP, GIF, BMP or TIFF, whatever the file is called.

    Args:
        size: side in pixels that every picture is brought to.
        root: folder or zip, or several, that the paths are relative to; default: the table's folder.
    """

    endings: ClassVar[tuple[str, ...]] = (
        ".png",
        ".jpg",
        ".jpeg",
        ".webp",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
    )
    begins = staticmethod(is_image)

    @classmethod
    def suggest(cls, profile: Profile, files: MediaFiles) -> Suggestion | None:
        """Return the size that the pictures are best read at; None if none of them can be read."""
        sides = picture_size(profile.values, files)
        if sides is None:
            return None
        median, size = sides
        return Suggestion(
            {"size": size}, f"median side {median:.0f} pixels, so size {size} unless set"
        )

    def __init__(
        self,
        size: Annotated[int, Range(32, 224, log=True)] = 64,
        root: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(root)
        self.size = _side(size)

    def decoder(self) -> FileDecoder:
        """Return the decoder to uint8 `[size, size, 3]`."""
        return image_decoder(self.size)

    def offered(self) -> Offers:
        """Offer the side and the colours."""
        return {"size": self.size, "channels": 3}


class AudioInput(MediaInput, name="audio", form="audio", encoder="convnet", rank=11):
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

    endings: ClassVar[tuple[str, ...]] = (
        ".wav",
        ".flac",
        ".ogg",
        ".opus",
        ".mp3",
        ".aif",
        ".aiff",
    )
    begins = staticmethod(is_audio)

    def __init__(
        self,
        rate: int = 16_000,
        mels: Annotated[int, Range(32, 128, log=True)] = 64,
        hop: Annotated[float, Range(0.005, 0.04, log=True)] = 0.02,
        window: Annotated[float, Range(0.01, 0.1, log=True)] = 0.025,
        seconds: float = 12.0,
        layout: Literal["log_mel", "samples"] = "log_mel",
        root: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(root)
        if layout not in ("log_mel", "samples"):
            raise ValueError(f"Parameter `layout` should be log_mel or samples. Found {layout!r}.")
        self.layout = layout
        self.settings = AudioSettings(rate=rate, mels=mels, hop=hop, window=window, seconds=seconds)

    def decoder(self) -> FileDecoder:
        """Return the decoder to float16 `[frames, mels]`, or to int16 `[samples]`."""
        settings = self.settings
        if self.layout == "samples":
            rate, seconds = settings.rate, settings.seconds
            return FileDecoder(
                settings={"form": "samples", "version": 1, "rate": rate, "seconds": seconds},
                decode=partial(decode_samples, rate=rate, seconds=seconds),
                dtype=np.dtype(np.int16),
                tail=(),
            )
        return FileDecoder(
            settings={"form": "audio", "version": 1, **vars(settings)},
            decode=partial(decode_audio, settings=settings),
            dtype=np.dtype(np.float16),
            tail=(settings.mels,),
        )

    def offered(self) -> Offers:
        """Offer the number of mel bands, or samples per second."""
        if self.layout == "samples":
            return {"rate": self.settings.rate}
        return {"mels": self.settings.mels}


class VideoInput(MediaInput, name="video", form="video", encoder="frames", rank=12):
    """A video without its sound: MP4, MOV, WebM, Matroska or AVI, whatever the file is called.

    Every frame is decoded, so a video of more than 20,000 frames counts as unreadable.

    Args:
        size: side in pixels that every frame is brought to.
        frames: taken evenly over the whole video; a video of fewer gives all it has, and a mask says so.
        root: folder or zip, or several, that the paths are relative to; default: the table's folder.
    """

    needs: ClassVar[str] = "torso[video]"
    endings: ClassVar[tuple[str, ...]] = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi")
    begins = staticmethod(is_video)

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
        self.size = _side(size)
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


def _side(size: int) -> int:
    if not 16 <= size <= 1024:
        raise ValueError(f"Parameter `size` should be from 16 to 1024 pixels. Found {size}.")
    return size
