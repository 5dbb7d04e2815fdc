"""Small videos of a bright square that moves over black."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np

SIDE = 16
SETTINGS = {
    "dim": 16,
    "training.epochs": 12,
    "training.batch_size": 8,
    "training.lr": 1e-2,
    "encoders.clip.frame": {"type": "convnet", "width": 8, "stages": 1},
    "encoders.clip.jitter": 0.0,
    "inputs": {"clip": {"kind": "video", "size": SIDE, "frames": 4}},
}


def mp4(frames: np.ndarray, format: str = "mp4", codec: str = "mpeg4", rate: int = 10) -> bytes:
    """Return RGB `frames` `[frames, height, width, 3]` as a video file."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=format) as file:
        video = file.add_stream(codec, rate=rate)
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt = "bgr0" if codec == "ffv1" else "yuv420p"
        for frame in frames:
            file.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(video.encode())
    return stream.getvalue()


def grey(levels: Any, side: int = SIDE) -> np.ndarray:
    """Return a frame of one grey for each of the `levels`."""
    frames = np.zeros((len(levels), side, side, 3), np.uint8)
    frames += np.asarray(levels, np.uint8).reshape(-1, 1, 1, 1)
    return frames


def square(left_to_right: bool, frames: int, side: int = SIDE) -> np.ndarray:
    """Return frames of a square that crosses the picture one way or the other."""
    film = np.zeros((frames, side, side, 3), np.uint8)
    for number in range(frames):
        left = round((side - 6) * number / max(1, frames - 1))
        left = left if left_to_right else side - 6 - left
        film[number, 5:11, left : left + 6] = 250
    return film


def crossings(rows: int = 48, seed: int = 0) -> dict[str, list[Any]]:
    """Return `clip` (bytes of videos of 3 to 8 frames) and `way`, of which a single frame says nothing."""
    rng = np.random.default_rng(seed)
    ways = rng.integers(2, size=rows)
    clips = [mp4(square(bool(way), int(rng.integers(3, 9)))) for way in ways]
    return {"clip": clips, "way": [("left", "right")[way] for way in ways]}
