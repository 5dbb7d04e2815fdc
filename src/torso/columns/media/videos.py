"""A video becomes some of its frames, each a square of RGB bytes, once; its sound is not read.

Frames are decoded from the first to the last, never by jumping to a time, since files differ in where a jump
lands. They are counted first, from the packets of the container, which costs no decoding. The content decides
the format, and only the containers below are tried: others may name further files or addresses.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from torso.columns.media.budget import BUDGET, FILE_LIMIT, TooMuchHere
from torso.columns.media.files import MediaError
from torso.columns.media.picture_memory import check_megapixels
from torso.core.optional import require

__all__ = [
    "MAX_FRAMES",
    "decode_video",
    "is_video",
    "pyav",
    "spread",
    "video_facts",
    "video_header",
]

MAX_FRAMES = 20_000
"""Longer videos are refused, since every frame is decoded: about eleven minutes at 30 frames a second."""

_FRAMES_HELD = 4  # by a decoder at once, in common videos
_STILL = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"M4A ", b"M4B ", b"crx ")
"""Brands of the MP4 family that are pictures or sound."""
_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide")


def _container(data: bytes) -> str:
    """Return FFmpeg's name of the container that the first bytes name, empty for none."""
    if data[4:8] in _ATOMS and data[8:12] not in _STILL:
        return "mp4"
    if data.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    return "avi" if data.startswith(b"RIFF") and data[8:12] == b"AVI " else ""


def is_video(data: bytes) -> bool:
    """Return whether the bytes begin like a video of a known container."""
    return bool(_container(data))


def pyav() -> ModuleType:
    """Return the package that decodes videos.

    Raises:
        MissingDependency: it is not installed.
    """
    return require("av", extra="video", why="A column of videos")


def decode_video(data: bytes, size: int, frames: int) -> np.ndarray:
    """Return frames evenly spread over the video, RGB, uint8 `[up to frames, size, size, 3]`: upright, stretched.

    A video of fewer frames gives all it has.

    Raises:
        MediaError: not MP4, MOV, WebM, Matroska or AVI, or damaged, without a frame, or too large or too long.
    """
    av = pyav()
    try:
        expected = _packets(av, data)
        taken, count = _taken(av, data, size, spread(expected, frames))
        if count != expected:  # packets that show nothing, or lost ones
            taken, _ = _taken(av, data, size, spread(count, frames))
    except (MediaError, TooMuchHere):
        raise
    except Exception as error:  # a decoder may fail in any way on bytes that somebody damaged
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise MediaError(f"damaged video ({reason.splitlines()[0][:100]})") from error
    if not taken:
        raise MediaError("a video without a frame")
    return np.stack(taken)


def video_header(data: bytes) -> tuple[int, int, float]:
    """Return width, height and seconds by the headers alone, 0 where they do not say; no frame is decoded.

    Raises:
        MediaError: no video that `decode_video` reads.
    """
    av = pyav()
    try:
        with _opened(av, data) as opened:
            stream = opened.streams.video[0]
            length, base = stream.duration, stream.time_base
            said = float(length * base) if length and base else 0.0
            whole = (opened.duration or 0) / 1e6  # in microseconds
            return stream.codec_context.width, stream.codec_context.height, max(said, whole)
    except MediaError:
        raise
    except Exception as error:  # a reader may fail in any way on damaged bytes
        raise MediaError("a video without a readable header") from error


def video_facts(data: bytes) -> np.ndarray:
    """Return seconds, number of frames, width and height, float32 `[1, 4]`; NaN where the file does not say.

    Raises:
        MediaError: no video that `decode_video` reads.
    """
    av = pyav()
    try:
        frames = _packets(av, data)
        with _opened(av, data) as opened:
            stream = opened.streams.video[0]
            context = stream.codec_context
            rate = float(stream.average_rate or stream.guessed_rate or np.nan)
            facts = [frames / rate, frames, context.width, context.height]
    except MediaError:
        raise
    except Exception as error:  # a decoder may fail in any way on bytes that somebody damaged
        raise MediaError("a video without a readable length") from error
    return np.array([facts], np.float32)


def spread(count: int, wanted: int) -> list[int]:
    """Return the positions of `wanted` frames among `count`: the middles of equal parts, or all if fewer.

    >>> spread(10, 3), spread(2, 3)
    ([1, 5, 8], [0, 1])
    """
    if count <= wanted:
        return list(range(count))
    return [(2 * part + 1) * count // (2 * wanted) for part in range(wanted)]


def _opened(av: ModuleType, data: bytes) -> Any:
    container = _container(data)
    if not container:
        raise MediaError("not an MP4, MOV, WebM, Matroska or AVI video")
    opened = av.open(io.BytesIO(data), format=container)
    if not opened.streams.video:
        opened.close()
        raise MediaError("a file without a video stream")
    return opened


def _packets(av: ModuleType, data: bytes) -> int:
    """Return the number of frames by the container's packets; refuse too many or too large ones."""
    with _opened(av, data) as opened:
        stream = opened.streams.video[0]
        check_megapixels(stream.codec_context.width, stream.codec_context.height)
        count = sum(1 for packet in opened.demux(stream) if packet.size)
    if count > MAX_FRAMES:
        raise MediaError(f"{count} frames, more than the limit of {MAX_FRAMES}")
    return count


def _taken(
    av: ModuleType, data: bytes, size: int, positions: Sequence[int]
) -> tuple[list[np.ndarray], int]:
    """Return the frames at `positions`, and the number of all frames."""
    wanted, taken, count = set(positions), [], 0
    with _opened(av, data) as opened:
        stream = opened.streams.video[0]
        context = stream.codec_context
        context.thread_count = 1  # files are decoded side by side
        pixel = _FRAMES_HELD * (context.format.padded_bits_per_pixel if context.format else 12) / 8
        context.options = {"max_pixels": str(int(FILE_LIMIT / pixel))}
        what = f"a video of {context.width:,} × {context.height:,} pixels"
        with BUDGET.held(int(pixel * context.width * context.height), what):
            for frame in opened.decode(stream):
                if count in wanted:
                    taken.append(_square(frame, size))
                count += 1
    return taken, count


def _square(frame: Any, size: int) -> np.ndarray:
    rgb = frame.reformat(width=size, height=size, format="rgb24", interpolation="BILINEAR")
    turned = np.rot90(rgb.to_ndarray(), round(frame.rotation / 90))
    return np.ascontiguousarray(turned)
