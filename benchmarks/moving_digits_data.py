"""Handwritten digits that move over a canvas, as real video files, and what is true of every frame.

After Moving MNIST (Srivastava, Mansimov, Salakhutdinov, ICML 2015, https://arxiv.org/abs/1502.04681), but each digit
keeps its direction, one of eight, and its speed, and stays on the canvas without bouncing, so that a clip has one
answer. Noise lies over every frame. Training digits are of MNIST's training files, test digits of its test files.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "examples"), str(HERE / "published")]
from _data import data_folder  # noqa: E402
from multi_mnist_data import _read  # noqa: E402

__all__ = ["DIRECTIONS", "SIDE", "Clip", "encoded", "moving_digits"]

SIDE, FRAMES, RATE = 64, 10, 10
"""Pixels, frames of a clip, frames a second."""
SPEEDS = (1.0, 3.0)
"""Pixels a frame."""
INK = 128
"""From here on a pixel belongs to a digit."""
DIRECTIONS = ("east", "northeast", "north", "northwest", "west", "southwest", "south", "southeast")


@dataclass(frozen=True)
class Clip:
    """A clip and what is true of it.

    Attributes:
        frames: uint8 `[frames, height, width]`.
        digits: what is written, int `[digits]`.
        directions: which way each moves, places in `DIRECTIONS`, int `[digits]`.
        boxes: of the ink, left, top, right, bottom in pixels, int `[frames, digits, 4]`.
        masks: which pixels are each digit's ink, bool `[frames, digits, height, width]`.
    """

    frames: np.ndarray
    digits: np.ndarray
    directions: np.ndarray
    boxes: np.ndarray
    masks: np.ndarray


def moving_digits(
    digits: Sequence[Sequence[int]], *, train: bool, seed: int, noise: float = 0.1
) -> list[Clip]:
    """Return a clip for each list of digits that should move on it together.

    Args:
        digits: per clip, what is written.
        train: whether the digits come from MNIST's training files, else from its test files.
        seed: draws which pictures, where from, which way, how fast, and the noise.
        noise: spread of the Gaussian noise of every pixel, as a share of full ink.
    """
    rng = np.random.default_rng((seed, train))
    pictures, labels = _read(data_folder("mnist"), "train" if train else "t10k")
    by_digit = {digit: pictures[labels == digit] for digit in range(10)}
    return [_clip([by_digit[one] for one in some], np.array(some), rng, noise) for some in digits]


def encoded(frames: np.ndarray, rate: int = RATE) -> bytes:
    """Return grey `frames` `[frames, height, width]` as an MP4 file, MPEG-4 at nearly its best quality."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as file:
        video = file.add_stream("mpeg4", rate=rate)
        video.height, video.width = frames.shape[1:]
        video.pix_fmt = "yuv420p"
        video.options = {"qscale": "3", "flags": "+qscale"}
        for frame in frames:
            file.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        file.mux(video.encode())
    return stream.getvalue()


def _clip(
    choices: Sequence[np.ndarray], digits: np.ndarray, rng: np.random.Generator, noise: float
) -> Clip:
    canvas = np.zeros((FRAMES, SIDE, SIDE))
    directions = rng.integers(len(DIRECTIONS), size=len(digits))
    masks = np.zeros((FRAMES, len(digits), SIDE, SIDE), bool)
    boxes = np.zeros((FRAMES, len(digits), 4), int)
    for place, (pictures, direction) in enumerate(zip(choices, directions, strict=True)):
        ink = _cut(pictures[rng.integers(len(pictures))])
        for number, (top, left) in enumerate(_path(ink.shape, int(direction), rng)):
            spot = slice(top, top + ink.shape[0]), slice(left, left + ink.shape[1])
            canvas[number][spot] = np.maximum(canvas[number][spot], ink)
            masks[number, place][spot] = ink >= INK
            boxes[number, place] = left, top, left + ink.shape[1], top + ink.shape[0]
    noisy = canvas + rng.normal(0.0, 255 * noise, canvas.shape)
    frames = noisy.clip(0, 255).round().astype(np.uint8)
    return Clip(frames, digits, directions, boxes, masks)


def _cut(picture: np.ndarray) -> np.ndarray:
    """Return the part of a digit that its ink spans."""
    rows, columns = (np.flatnonzero((picture >= INK).any(axis=axis)) for axis in (1, 0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _path(shape: tuple[int, ...], direction: int, rng: np.random.Generator) -> np.ndarray:
    """Return top and left of each frame, int `[frames, 2]`, wholly on the canvas."""
    angle = direction * np.pi / 4
    step = rng.uniform(*SPEEDS) * np.array([-np.sin(angle), np.cos(angle)])  # down, right
    moves = np.arange(FRAMES)[:, None] * step
    room = np.array([SIDE - shape[0], SIDE - shape[1]])
    first = rng.uniform(-moves.min(axis=0), room - moves.max(axis=0))
    return (first + moves).round().astype(int)
