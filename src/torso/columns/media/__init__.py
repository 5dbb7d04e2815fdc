"""Media files: where they lie, and how pictures, recordings and videos become arrays."""

from torso.columns.media.audio import AudioSettings, decode_audio
from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.media.images import decode_image
from torso.columns.media.videos import decode_video

__all__ = [
    "AudioSettings",
    "MediaError",
    "MediaFiles",
    "decode_audio",
    "decode_image",
    "decode_video",
]
