"""Things in a video with their paths: boxes linked over its frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from torso.columns.inputs import Input
from torso.core.cures import setting
from torso.core.spec import SpecLike
from torso.tables.table import Column
from torso.tasks._base.target import Facts
from torso.tasks.boxes.outlines import CORNERS, Box, ListOfBoxes, Thing, plain

__all__ = ["TracksTarget"]

_THERE = 0.5  # probability from which a track has a box in a frame


class TracksTarget(ListOfBoxes, name="tracks", head="set", form="video"):
    """Any number of tracks, each of one class with at most one box per frame, as a list of boxes or its JSON text.

    A box is `[frame, x0, y0, x1, y1, class, track]` or an object with these names. Boxes with the same `track`, a
    number or a word, are the same thing; in another row the name means nothing. `frame` counts the frames that the
    model reads, from 0: all frames of a video that has no more of them than the input's `frames`, else those that it
    takes of it, the middles of as many equal parts. Corners, units and empty cells are those of `boxes`.

    A track may begin late, end early and have gaps. A class that the training rows do not hold is reported; its
    tracks are learnt by no head and missed in every evaluation.

    Args:
        picture: `[width, height]` in pixels of every frame, if boxes are in pixels; None: boxes are shares.
        most: tracks of a row at most; None: 4 more than the most that a training row has.
        least: probability of being a thing at all from which a predicted track is written.
        of: name of the video's column; None: the only one.
    """

    fields = ("frame", *CORNERS, "class", "track")
    noun = "tracks"

    frames = 0
    size = 64

    def bind(self, task: str, inputs: Mapping[str, Input]) -> None:
        """Settle which video is meant; take from it how many frames the model reads, and their size."""
        super().bind(task, inputs)
        assert self.of is not None
        offered = inputs[self.of].offered()
        self.frames, self.size = offered["frames"], offered["size"]

    def encoders(self) -> Mapping[str, SpecLike]:
        """Wish for all places of all frames, which stay where they are: 6 to 11 a side, or more of large frames."""
        if self.of is None:
            return {}
        stride = next(stride for stride in (8, 4, 2) if self.size >= 6 * stride)
        frame = {"type": "pyramid", "stride": stride}
        return {self.of: {"type": "frames", "frame": frame, "tokens": 0, "jitter": 0.0}}

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full((rows, self.most, self.frames, 5), np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer the video's name, how many of its frames are read, and the number of classes."""
        return {**super().offered(), "frames": self.frames}

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, lists of boxes with their `frame`, `class`, `track` and its `score`, the surest track first."""
        del details
        number, whole = pa.float32(), pa.int32()
        corners = [(side, number) for side in CORNERS]
        others = [("class", pa.string()), ("track", whole), ("score", number)]
        kind = pa.list_(pa.struct([("frame", whole), *corners, *others]))
        return {task: pa.array([self._answer(tracks) for tracks in prediction], kind)}

    def _answer(self, tracks: np.ndarray) -> list[dict[str, object]]:
        """Return the boxes of the tracks `[tracks, frames, 8]` of a row that are likely enough."""
        score, there = tracks[:, 0, 6], tracks[..., 7] >= _THERE
        order = np.argsort(-score, kind="stable")
        sure = [at for at in order if score[at] >= self.least and there[at].any()]
        scale = np.array(self.picture * 2)
        return [
            {
                "frame": int(frame),
                **dict(zip(CORNERS, (tracks[at, frame, :4] * scale).tolist(), strict=True)),
                "class": self.classes[int(tracks[at, frame, 4])],
                "track": track,
                "score": float(score[at]),
            }
            for track, at in enumerate(sure)
            for frame in np.flatnonzero(there[at])
        ]

    def _count(self, boxes: list[Box]) -> int:
        return len({box.values["track"] for box in boxes})

    def _box(self, column: Column, row: int, box: object) -> Box:
        """Return a box with a checked frame and track."""
        read = super()._box(column, row, box)
        frame, track = read.values["frame"], read.values["track"]
        if frame not in range(self.frames):
            raise column.error(
                row,
                f"expected a `frame` from 0 to {self.frames - 1}, since the model reads {self.frames} of {self.of!r}, "
                f"found {frame!r}. Frames are counted among those that it reads; "
                f"{setting(f'inputs.{self.of}.frames', 'NUMBER')} reads others",
            )
        if track is None:
            raise column.error(row, f"expected a `track`, a number or a word, found {track!r}")
        return read._replace(values={"frame": int(frame), "track": plain(track)})

    def _things(self, column: Column, row: int, boxes: Sequence[Box]) -> Sequence[Thing]:
        """Return, for each track, frame -> box."""
        tracks: dict[str, dict[tuple[int, ...], Box]] = {}
        for box in boxes:
            frame, name = box.values["frame"], box.values["track"]
            track = tracks.setdefault(name, {})
            if (frame,) in track:
                raise column.error(row, f"found two boxes of track {name!r} in frame {frame}")
            track[(frame,)] = box
            names = sorted({box.name for box in track.values()})
            if len(names) > 1:
                raise column.error(row, f"expected one class of track {name!r}, found {names}")
        return list(tracks.values())
