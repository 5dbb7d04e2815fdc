"""A class for every pixel of a picture: segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count

import numpy as np
import pyarrow as pa

from torso.columns.media.decoder import FileDecoder
from torso.columns.media.pixels import decode_mask, mask_of, png_bytes
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import Column
from torso.tasks._base.of_picture import OfPicture, pixel_arrays, side_lengths
from torso.tasks._base.target import Facts

__all__ = ["MaskTarget"]

_MOST = 256  # classes that are learned from pixels without having been named


class MaskTarget(OfPicture, name="mask", head="decoder"):
    """A class per pixel: a grey or palette picture of the same view, or an array, whose numbers are the classes.

    Cells are paths (relative to the table, or to `root`), contents of PNG, TIFF or `.npy` files, or nested lists.
    Every mask is brought to `size` by the nearest pixel. A pixel of a number in `ignore` has no label; a row without a
    cell has none at all. A number that is no class is reported; no head learns it, and evaluations count it as wrong.

    Args:
        classes: class -> number of its pixels, or names of the numbers 0, 1, ...; None: the numbers that the training
            masks hold, named after themselves.
        ignore: number, or numbers, of pixels without a label.
        size: `[height, width]` of masks and predictions in pixels, or one number for both.
        root: folder or zip, or several, that paths are relative to; default: the table's folder.
    """

    learned = ("classes", "values")
    in_bytes = True

    def __init__(
        self,
        classes: Sequence[str] | Mapping[str, int] | None = None,
        ignore: int | Sequence[int] = (),
        size: int | Sequence[int] = 64,
        of: str | None = None,
        root: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(of)
        self.size = side_lengths(size)
        self.ignore = [ignore] if isinstance(ignore, int) else [int(number) for number in ignore]
        self.root = root
        given: dict[str, int] = {}
        if classes is not None:
            numbered = (
                classes
                if isinstance(classes, Mapping)
                else dict(zip(classes, count(), strict=False))
            )
            given = {str(name): int(value) for name, value in numbered.items()}
        values = list(given.values())
        if len(set(values)) < len(values) or set(values) & set(self.ignore):
            raise ValueError(
                f"Parameter `classes` should give each class a number of its own that is not in `ignore`. "
                f"Found {given}, with `ignore` {self.ignore}."
            )
        self.given = given
        self.classes = list(given)
        self.values = values

    def fit(self, column: Column) -> None:
        """Learn the classes of masks that are no files beside a table (see `learn`)."""
        self.learn(column, Reading())

    def learn(self, column: Column, reading: Reading) -> None:
        """Learn which numbers occur, sorted, unless the classes are named.

        Raises:
            DataError: fewer than two classes, or more than 256 unnamed ones.
        """
        pixels, present = self._pixels(column, reading)
        numbers = np.setdiff1d(np.unique(pixels[present]), self.ignore).tolist()
        if not self.given and len(numbers) <= _MOST:
            self.values = numbers
            self.classes = [str(number) for number in numbers]
        known = set(numbers) & set(self.values)
        if len(known) < 2:
            raise DataError(
                f"{column.table}, column {column.name!r}: a mask target should have at least two classes among the "
                f"training rows' pixels. Found {_listed(numbers)}{self._expected()}. Leave it out of the targets"
                + (
                    ", or correct `classes`."
                    if self.given
                    else ", or, if these are no masks, name another kind."
                )
            )

    def _expected(self) -> str:
        return f" where {dict(self.given)} were named" if self.given else ""

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return int16 `[rows, height, width]`: class indices, -1 without a label, past the last where unknown."""
        pixels, present = self._pixels(column, reading)
        order = np.argsort(self.values)
        ordered = np.array(self.values)[order]
        place = np.searchsorted(ordered, pixels).clip(max=len(ordered) - 1)
        known = ordered[place] == pixels
        coded = np.where(known, order[place], len(self.values)).astype(np.int16)
        coded[np.isin(pixels, self.ignore)] = -1
        coded[~present] = -1
        for row in np.flatnonzero((coded == len(self.values)).any(axis=(1, 2))):
            strange = np.unique(pixels[row][coded[row] == len(self.values)]).tolist()
            reading.skip(column, int(row), _listed(strange), "class unseen in training")
        return coded

    def _pixels(self, column: Column, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
        decoder = FileDecoder(
            settings={"form": "mask", "version": 1, "size": list(self.size)},
            decode=partial(decode_mask, size=self.size),
            dtype=np.dtype(np.int32),
            tail=(self.size[1],),
            fixed=self.size[0],
        )
        return pixel_arrays(column, reading, decoder, self.root, partial(mask_of, size=self.size))

    def missing(self, rows: int) -> np.ndarray:
        """Return -1 for every pixel."""
        return np.full((rows, *self.size), -1, dtype=np.int16)

    def offered(self) -> Facts:
        """Offer the picture's name, the size, and the number of classes."""
        return {"of": self.of, "size": list(self.size), "classes": len(self.classes)}

    @property
    def names(self) -> list[str]:
        """The classes."""
        return self.classes

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, the content of a PNG whose numbers are those of the classes, and the mean probability."""
        numbers = np.array(self.values)[prediction.astype(np.intp)]
        out = {task: pa.array([png_bytes(mask) for mask in numbers], pa.large_binary())}
        if "probability" in details:
            out[f"{task}_probability"] = pa.array(details["probability"].mean(axis=(1, 2)))
        return out


def _listed(numbers: Sequence[int]) -> str:
    """Return the first few numbers as text."""
    return f"{numbers[:8]}" if len(numbers) <= 8 else f"{len(numbers)} numbers, {numbers[:8]} first"
