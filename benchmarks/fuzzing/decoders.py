"""Pictures, maps, recordings and videos."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from torso.columns.media.audio import AudioSettings, audio_facts, decode_audio
from torso.columns.media.images import decode_image, image_facts
from torso.columns.media.pixels import decode_map, decode_mask, npy_bytes
from torso.columns.media.videos import decode_video, pyav, video_facts

from .border import ALLOWED, Border
from .changes import bytes_changed

__all__ = ["DECODERS"]

_SIDE = 12


def _pixels(channels: int = 3) -> np.ndarray:
    values = np.arange(_SIDE * _SIDE * channels) * 7 % 256
    return values.astype(np.uint8).reshape(_SIDE, _SIDE, channels)


def _picture(form: str, mode: str = "RGB", **settings: object) -> bytes:
    stream = io.BytesIO()
    image = Image.fromarray(_pixels())
    (Image.new("I;16", (_SIDE, _SIDE), 999) if mode == "I;16" else image.convert(mode)).save(
        stream, form, **settings
    )
    return stream.getvalue()


def _pictures() -> list[bytes]:
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        *(
            _picture("PNG"),
            _picture("PNG", "P"),
            _picture("PNG", "RGBA"),
            _picture("PNG", "I;16"),
            _picture("PNG", "1"),
        ),
        *(
            _picture("JPEG", exif=exif),
            _picture("JPEG", "L", progressive=True),
            _picture("JPEG", "CMYK"),
        ),
        *(
            _picture("WEBP"),
            _picture("WEBP", "RGBA", lossless=True),
            _picture("GIF", "P"),
            _picture("BMP"),
            _picture("BMP", "P"),
        ),
        *(
            _picture("TIFF"),
            _picture("TIFF", compression="tiff_lzw"),
            _picture("TIFF", "F"),
            _picture("TIFF", "I;16"),
        ),
    ]


_PICTURE_TOKENS = (
    *(
        b"IHDR",
        b"IDAT",
        b"IEND",
        b"PLTE",
        b"tRNS",
        b"eXIf",
        b"acTL",
        b"\xff\xd8",
        b"\xff\xda",
        b"\xff\xc0",
        b"VP8X",
        b"ANIM",
    ),
    *(b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"II*\0", b"MM\0*"),
)


def _image(folder: Path) -> Border:
    del folder

    def call(case: bytes) -> None:
        decode_image(case, 16)
        image_facts(case)

    return Border(call, _pictures(), bytes_changed(*_PICTURE_TOKENS), 3.0)


def _grids(folder: Path) -> Border:
    del folder

    def call(case: bytes) -> None:
        try:
            decode_mask(case, (8, 8))
        except ALLOWED:
            decode_map(case, (8, 8), 2)

    values = np.arange(128).reshape(8, 8, 2)
    grids = [npy_bytes(values.astype(kind)) for kind in (np.uint8, np.float32, np.int64, bool)]
    return Border(
        call,
        [*grids, *_pictures()[:5]],
        bytes_changed(b"{'descr': '|O'", b"\x93NUMPY", b"(1e9,)"),
        1.0,
    )


def _sounds() -> list[bytes]:
    tone = 0.3 * np.sin(np.arange(800) / 3).reshape(-1, 2)
    forms = [
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("AIFF", "PCM_16"),
    ]
    forms += [("MP3", "MPEG_LAYER_III")]
    made = []
    for form, kind in forms:
        stream = io.BytesIO()
        soundfile.write(stream, tone, 8000, format=form, subtype=kind)
        made.append(stream.getvalue())
    return made


def _audio(folder: Path) -> Border:
    del folder
    settings = AudioSettings(rate=4000, mels=8, seconds=2.0)

    def call(case: bytes) -> None:
        decode_audio(case, settings)
        audio_facts(case)

    return Border(
        call,
        _sounds(),
        bytes_changed(b"RIFF", b"data", b"fmt ", b"OggS", b"fLaC", b"\xff" * 4, b"\0" * 4),
        2.0,
    )


def _videos() -> Sequence[bytes]:
    av = pyav()
    made = []
    for form, codec in (("mp4", "mpeg4"), ("matroska", "ffv1"), ("avi", "mjpeg")):
        stream = io.BytesIO()
        with av.open(stream, "w", format=form) as file:
            video = file.add_stream(codec, rate=10)
            video.height = video.width = 16
            video.pix_fmt = {"ffv1": "bgr0", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
            for shade in (10, 200, 90):
                frame = np.full((16, 16, 3), shade, np.uint8)
                file.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            file.mux(video.encode())
        made.append(stream.getvalue())
    return made


def _video(folder: Path) -> Border:
    del folder

    def call(case: bytes) -> None:
        decode_video(case, 16, 4)
        video_facts(case)

    return Border(
        call,
        _videos(),
        bytes_changed(b"moov", b"mdat", b"stsz", b"stco", b"\xff" * 4, b"\0" * 4),
        2.0,
    )


DECODERS: dict[str, Callable[[Path], Border]] = {
    "images": _image,
    "masks and maps": _grids,
    "recordings": _audio,
    "videos": _video,
}
