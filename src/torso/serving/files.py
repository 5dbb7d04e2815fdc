"""Files in cells, by their headers: a picture, a video or a recording that claims too much is refused before it is decoded."""

from __future__ import annotations

import io

from torso.columns.media.files import MediaError
from torso.columns.media.opening import is_image, opened
from torso.columns.media.videos import is_video, video_header
from torso.serving.refusals import Refusal
from torso.serving.settings import Limits
from torso.serving.values import Kind

__all__ = ["check_file"]


def check_file(kind: Kind, data: bytes | None, limits: Limits) -> None:
    """Refuse a file that is too large; one whose header cannot be read is left to the run, which says why.

    Args:
        kind: of its column.
        data: its content; None for none.
        limits: of files.
    """
    if data is None:
        return
    if len(data) > limits.file_bytes:
        raise Refusal(
            "file_too_large",
            f"a file of {len(data):,} bytes, more than the limit of {limits.file_bytes:,}",
        )
    if kind.form == "image" and is_image(data):
        _check_pixels(data, limits.pixels)
    elif kind.name == "video" and is_video(data):
        _check_video(data, limits)
    elif kind.name == "audio":
        _check_seconds(data, limits.seconds_of_sound)


def _check_pixels(data: bytes, most: int) -> None:
    try:
        width, height = opened(data).size
    except Exception:  # a decoder may fail in any way on damaged bytes; the run says how
        return
    _check_area("picture", width, height, most)


def _check_area(name: str, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise Refusal(
            "too_many_pixels",
            f"a {name} of {width:,} × {height:,} pixels, more than the limit of {most:,}",
            cure="Send it smaller.",
        )


def _check_video(data: bytes, limits: Limits) -> None:
    try:
        width, height, seconds = video_header(data)
    except MediaError:
        return
    _check_area("video", width, height, limits.pixels)
    if seconds > limits.seconds_of_video:
        raise _too_long("video", seconds, limits.seconds_of_video)


def _check_seconds(data: bytes, most: int) -> None:
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            seconds = file.frames / max(1, file.samplerate)
    except (soundfile.SoundFileError, RuntimeError, ValueError, ArithmeticError):
        return
    if seconds > most:
        raise _too_long("recording", seconds, most)


def _too_long(name: str, seconds: float, most: int) -> Refusal:
    return Refusal(
        "recording_too_long",
        f"a {name} of {seconds:,.0f} seconds, more than the limit of {most:,}",
        cure="Send a part of it.",
    )
