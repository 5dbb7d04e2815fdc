"""Numbers for every pixel of a picture: depth, normals, heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa

from torso.columns.inputs.image import image_decoder
from torso.columns.media.decoder import FileDecoder
from torso.columns.media.pixels import decode_map, map_of, npy_bytes, png_bytes
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import Column
from torso.tasks._base.numbers import known_near
from torso.tasks._base.of_picture import OfPicture, pixel_arrays, side_lengths
from torso.tasks._base.target import Facts

__all__ = ["MapTarget"]

_PIXELS = 100_000  # that are enough to learn from


class MapTarget(OfPicture, name="map", head="decoder"):
    """A number, or several, per pixel, in any unit.

    Cells are paths (relative to the table, or to `root`), contents of `.npy` files (floats `[height, width]` or
    `[height, width, channels]`) or of PNG or TIFF files (the numbers of their pixels as they stand: 0 to 255, 0 to
    65535 of 16 bits, floats), or nested lists. Every map is brought to `size` by the nearest pixel. NaN, infinity,
    numbers far from all others and those in `ignore` are pixels without a label; a row without a cell has none at all.

    Args:
        channels: numbers per pixel: 1 for depth, 3 for normals.
        ignore: number, or numbers, that stand for no label, as 0 does in many depth maps.
        size: `[height, width]` of maps and predictions in pixels, or one number for both.
        root: folder or zip, or several, that paths are relative to; default: the table's folder.
        colours: whether cells are pictures, read as image inputs read them: three channels (RGB) from 0 to 255, upright,
            on white, stretched to a square; predictions are then PNG files.
    """

    learned = ("mean", "std", "reach")
    in_bytes = True

    def __init__(
        self,
        channels: int = 1,
        ignore: float | Sequence[float] = (),
        size: int | Sequence[int] = 64,
        of: str | None = None,
        root: str | Sequence[str] | None = None,
        colours: bool = False,
    ) -> None:
        super().__init__(of)
        if channels < 1:
            raise ValueError(f"Parameter `channels` should be at least 1. Found {channels}.")
        self.channels = 3 if colours else channels
        self.colours = colours
        self.size = side_lengths(size)
        if colours and self.size[0] != self.size[1]:
            raise ValueError(
                f"Parameter `size` should be one number where `colours` are asked for. Found {size}."
            )
        self.ignore = (
            [ignore] if isinstance(ignore, int | float) else [float(number) for number in ignore]
        )
        self.root = root
        self.mean: list[float] = []
        self.std: list[float] = []
        self.reach: list[list[float] | None] = []

    def restore(self, state: Facts) -> None:
        """Take back the facts; those of early runs lack the last."""
        super().restore({"reach": [], **state})

    def fit(self, column: Column) -> None:
        """Learn the statistics of maps that are no files beside a table (see `learn`)."""
        self.learn(column, Reading())

    def learn(self, column: Column, reading: Reading) -> None:
        """Learn mean and spread of each channel.

        Raises:
            DataError: a channel without two values.
        """
        self.reach = []
        values = self.encode(column, reading).reshape(-1, self.channels)
        if not self.colours:
            some = values[:: -(-len(values) // _PIXELS)].astype(np.float64)
            self.reach = [known_near(numbers)[1] for numbers in some.T]
            values[self._far(values)] = np.nan
        # a colour may be absent from all pictures
        for channel, own in enumerate([values.ravel()] if self.colours else values.T):
            known = own[~np.isnan(own)]
            if not len(known) or known.min() == known.max():
                described = f"{known[0]:g} everywhere" if len(known) else "no label at all"
                raise DataError(
                    f"{column.table}, column {column.name!r}: every channel of a map target should have at least two "
                    f"values among the training rows' pixels. Found {described} in channel {channel}. Leave it out of "
                    "the targets."
                )
        wide = values.astype(np.float64)
        std = np.nanstd(wide, axis=0)
        self.mean, self.std = (
            np.nanmean(wide, axis=0).tolist(),
            np.where(std > 0, std, 1.0).tolist(),
        )

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows, height, width, channels]`, NaN without a label."""
        of_list = partial(map_of, size=self.size, channels=self.channels)
        values, present = pixel_arrays(column, reading, self._decoder(), self.root, of_list)
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
        unknown = ~np.isfinite(values) | np.isin(values, np.array(self.ignore, np.float32))
        known = np.where(present[:, None, None, None] & ~unknown, values, np.float32(np.nan))
        far = self._far(known)
        known[far] = np.nan
        lost = far.reshape(len(far), -1).sum(axis=1)
        for row in np.flatnonzero(lost):
            why = f"{lost[row]} pixels far from those of the training maps, which have no label"
            reading.skip(column, int(row), "a map", why)
        return known

    def _far(self, values: np.ndarray) -> np.ndarray:
        """Return bool `[..., channels]`: the numbers that lie far from the training maps'."""
        ends = np.array([(-np.inf, np.inf) if end is None else end for end in self.reach])
        if not len(ends):
            return np.zeros(values.shape, bool)
        return np.asarray((values < ends[:, 0]) | (values > ends[:, 1]))

    def _decoder(self) -> FileDecoder:
        if self.colours:
            return image_decoder(self.size[0])
        return FileDecoder(
            settings={
                "form": "map",
                "version": 1,
                "size": list(self.size),
                "channels": self.channels,
            },
            decode=partial(decode_map, size=self.size, channels=self.channels),
            dtype=np.dtype(np.float32),
            tail=(self.size[1], self.channels),
            fixed=self.size[0],
        )

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every pixel."""
        return np.full((rows, *self.size, self.channels), np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer the picture's name, the size, mean and spread of each channel, and whether these are colours."""
        return {
            "of": self.of,
            "size": list(self.size),
            "mean": self.mean,
            "std": self.std,
            "colours": self.colours,
        }

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, the content of an `.npy` file of float32 `[height, width]`, or with a last axis of channels.

        Of `colours`, the content of a PNG file.
        """
        del details
        if self.colours:
            pictures = np.rint(prediction.clip(0, 255)).astype(np.uint8)
            return {task: pa.array([png_bytes(picture) for picture in pictures], pa.large_binary())}
        plain = prediction[..., 0] if self.channels == 1 else prediction
        return {task: pa.array([npy_bytes(numbers) for numbers in plain], pa.large_binary())}
