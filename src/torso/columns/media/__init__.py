"""Media files: found, read, and turned into arrays.

>>> import io
>>> from PIL import Image
>>> stream = io.BytesIO()
>>> Image.new("RGB", (40, 30), "red").save(stream, "PNG")
>>> files = MediaFiles([])  # folders or zips where paths lead; here the cell is the file
>>> pixels = decode_image(files.read(stream.getvalue()), size=16)
>>> pixels.shape, pixels[0, 0].tolist()
((16, 16, 3), [255, 0, 0])
"""

from torso.columns.media.audio import AudioSettings, decode_audio
from torso.columns.media.decoder import FileDecoder
from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.media.images import decode_image
from torso.columns.media.videos import decode_video

__all__ = [
    "AudioSettings",
    "FileDecoder",
    "MediaError",
    "MediaFiles",
    "decode_audio",
    "decode_image",
    "decode_video",
]
