"""Pictures and recordings made small enough to lie in a run's folder."""

from __future__ import annotations

import io

from torso.columns.inputs import AudioInput, ImageInput, MediaInput
from torso.columns.media.audio import decode_samples
from torso.columns.media.files import MediaError
from torso.columns.media.thumbnails import thumbnail

__all__ = ["small_file"]

_SIDE = 640  # pixels of a picture's longer side
_RATE, _SECONDS = 16_000, 12.0
_FORMATS = (("MP3", "MPEG_LAYER_III"), ("FLAC", "PCM_16"))


def small_file(data: bytes, kind: MediaInput, most: int) -> bytes | None:
    """Return a file of at most `most` bytes: itself, or else a smaller picture or recording.

    Args:
        data: content of the file.
        kind: of its column.
        most: bytes.

    Returns:
        None if it cannot be read, or made that small.
    """
    if len(data) <= most:
        return data
    try:
        if isinstance(kind, ImageInput):
            made = _picture(data)
        elif isinstance(kind, AudioInput):
            made = _recording(data)
        else:
            return None
    except (MediaError, OSError, ValueError):
        return None
    return made if len(made) <= most else None


def _picture(data: bytes) -> bytes:
    """Return a picture of at most 640 pixels as JPEG, upright; transparency lies on white."""
    stream = io.BytesIO()
    thumbnail(data, _SIDE).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _recording(data: bytes) -> bytes:
    """Return the first twelve seconds of a recording, mono, 16 kHz."""
    import soundfile

    samples = decode_samples(data, _RATE, _SECONDS)
    known = soundfile.available_formats()
    form, coding = next(pair for pair in _FORMATS if pair[0] in known)
    stream = io.BytesIO()
    soundfile.write(stream, samples, _RATE, format=form, subtype=coding)
    return stream.getvalue()
