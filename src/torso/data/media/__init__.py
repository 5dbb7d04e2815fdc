"""Media files: where they lie, and how pictures and recordings become arrays."""

from torso.data.media.audio import AudioSettings, decode_audio
from torso.data.media.files import MediaError, MediaFiles
from torso.data.media.images import decode_image

__all__ = ["AudioSettings", "MediaError", "MediaFiles", "decode_audio", "decode_image"]
