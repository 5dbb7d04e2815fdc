"""Pictures and recordings of cells, small enough to stand in a page."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import dataclass

from torso.columns.media.audio import decode_samples
from torso.columns.media.files import MediaError
from torso.columns.media.thumbnails import thumbnail

__all__ = ["Media", "picture", "sound"]

_SIDE = 176  # pixels of a picture's longer side
_RATE, _SECONDS = 16_000, 6.0


@dataclass
class Media:
    """Files that a page may still hold.

    Attributes:
        left: bytes that are left for media.
        skipped: files that found no room.
        unread: files that could not be read.
    """

    left: int
    skipped: int = 0
    unread: int = 0

    def address(self, data: bytes, kind: str) -> str | None:
        """Return the file as an address that a page can hold; None if there is no room or it cannot be read."""
        if self.left <= 0:
            self.skipped += 1
            return None
        try:
            made = picture(data) if kind == "image" else sound(data)
        except (MediaError, OSError, ValueError):
            self.unread += 1
            return None
        self.left -= len(made)
        return made


def picture(data: bytes) -> str:
    """Return a picture as an address, at most 176 pixels long; transparency lies on white.

    Raises:
        MediaError: no picture of a known format, or too large.
        OSError: it is damaged.
    """
    plain = thumbnail(data, _SIDE)
    small = max(plain.size) <= 48
    stream = io.BytesIO()
    plain.save(stream, "PNG" if small else "JPEG", **({} if small else {"quality": 82}))
    return _address(stream.getvalue(), "image/png" if small else "image/jpeg")


def sound(data: bytes) -> str:
    """Return the first six seconds of a recording as an address, mono, 16 kHz.

    Raises:
        MediaError: it cannot be read.
    """
    import soundfile

    samples = decode_samples(data, _RATE, _SECONDS)
    packed = "MP3" in soundfile.available_formats()
    stream = io.BytesIO()
    soundfile.write(stream, samples, _RATE, format="MP3" if packed else "WAV")
    return _address(stream.getvalue(), "audio/mpeg" if packed else "audio/wav")


def _address(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
