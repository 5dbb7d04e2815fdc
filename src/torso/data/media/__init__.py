"""Media files: where they lie, and how pictures, recordings and videos become arrays."""

from torso.data.media.audio import AudioSettings, decode_audio
from torso.data.media.files import MediaError, MediaFiles
from torso.data.media.images import decode_image
from torso.data.media.videos import decode_video

__all__ = [
    "AudioSettings",
    "MediaError",
    "MediaFiles",
    "decode_audio",
    "decode_image",
    "decode_video",
]
