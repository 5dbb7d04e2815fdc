"""Lists of boxes as labels: reading their cells, and the classes of boxes and tracks."""

from __future__ import annotations

import json
import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from torso.columns import cells
from torso.columns.reading import Reading
from torso.core.cures import setting
from torso.core.errors import DataError
from torso.tables.table import Column
from torso.tasks._base.of_picture import OfPicture
from torso.tasks._base.target import Facts

__all__ = ["CORNERS", "Box", "ListOfBoxes", "Thing", "plain"]

CORNERS = ("x0", "y0", "x1", "y1")
_ROOM = 4  # things that a row may have beyond the most that a training row has


class Box(NamedTuple):
    """A box of a cell: corners in the cell's unit, the class, and all values by their names."""

    corners: tuple[float, ...]
    name: str
    values: Mapping[str, Any]


Thing = Mapping[tuple[int, ...], Box]
"""The boxes of a thing, all of one class, by their position in it."""


class ListOfBoxes(OfPicture):
    """Base of targets whose cells are lists of boxes, each with a class.

    Args:
        picture: `[width, height]` in pixels of every picture, if boxes are in pixels; None: boxes are shares.
        most: things of a row at most; None: 4 more than the most that a training row has.
        least: probability from which something predicted is written.
        of: name of the column that the boxes are about; None: the only one.
    """

    learned = ("classes", "most")
    fields: ClassVar[tuple[str, ...]] = (*CORNERS, "class")
    """Parts of a box, in the order of a list."""
    noun: ClassVar[str] = "boxes"
    """Plural of a thing, for messages."""

    def __init__(
        self,
        picture: Sequence[float] | None = None,
        most: int | None = None,
        least: float = 0.5,
        of: str | None = None,
    ) -> None:
        super().__init__(of)
        self.picture = [1.0, 1.0] if picture is None else [float(side) for side in picture]
        if len(self.picture) != 2 or min(self.picture) <= 0:
            raise ValueError(
                f"Parameter `picture` should be [width, height], above 0. Found {picture}."
            )
        if most is not None and most < 1:
            raise ValueError(f"Parameter `most` should be at least 1. Found {most}.")
        if not 0 <= least <= 1:
            raise ValueError(f"Parameter `least` should be from 0 to 1. Found {least}.")
        self.least = least
        self.given = most
        self.most = most or 1
        self.classes: list[str] = []

    def fit(self, column: Column) -> None:
        """Learn the classes, sorted (numbers by size), and how many things a row may have.

        Raises:
            DataError: no box at all, or a cell that is no list of boxes.
        """
        rows = self._rows(column)
        names = {box.name for row in rows if row is not None for box in row}
        if not names:
            raise DataError(
                f"{column.table}, column {column.name!r}: a {self.kind} target should have at least one box among the "
                f"training rows. Found none in {sum(row is not None for row in rows)} labels. Leave it out of the "
                "targets."
            )
        numeric = all(name.lstrip("-").isdigit() for name in names)
        self.classes = sorted(names, key=int) if numeric else sorted(names)
        self.most = self.given or _ROOM + max(self._count(row) for row in rows if row is not None)

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows, most, ..., 5]`: corners as shares of the picture, and the class.

        Where a thing has no box, and behind a row's last thing, the class is -1 and the corners are NaN; in a row
        without a label, all is NaN.
        """
        out = self.missing(len(column))
        place = {name: index for index, name in enumerate(self.classes)}
        scale = np.array(self.picture * 2)
        for row, boxes in enumerate(self._rows(column)):
            if boxes is None:
                continue
            things = self._things(column, row, boxes)
            if len(things) > self.most:
                most = f"more than `most`, which is {self.most}"
                reading.skip(column, row, f"{len(things)} {self.noun}", most)
                continue
            out[row, ..., 4] = -1
            for number, thing in enumerate(things):
                name = next(iter(thing.values())).name
                if name not in place:
                    reading.skip(column, row, name, "class unseen in training")
                for position, box in thing.items():
                    corners = np.clip(np.array(box.corners) / scale, 0, 1)
                    out[row, number, *position] = [*corners, place.get(name, len(self.classes))]
        return out

    def offered(self) -> Facts:
        """Offer the picture's name, and the number of classes."""
        return {"of": self.of, "classes": len(self.classes)}

    @property
    def names(self) -> list[str]:
        """The classes."""
        return self.classes

    @abstractmethod
    def _things(self, column: Column, row: int, boxes: Sequence[Box]) -> Sequence[Thing]:
        """Return the things that the boxes of a row show."""

    def _count(self, boxes: list[Box]) -> int:
        """Return how many things the boxes of a row are."""
        return len(boxes)

    def _rows(self, column: Column) -> list[list[Box] | None]:
        """Return each cell's boxes, None where there is no label."""
        text = cells.is_text(column.values)
        rows: list[list[Box] | None] = []
        for row, cell in enumerate(column.values.to_pylist()):
            if cell is None or (text and not cell.strip()):
                rows.append(None)
                continue
            try:
                boxes = json.loads(cell) if text else cell
            except (ValueError, RecursionError):
                boxes = cell
            if not isinstance(boxes, list):
                raise column.error(
                    row, f"expected a list of boxes, found {str(cell)[:80]!r}{cells.not_json(cell)}"
                )
            rows.append([self._box(column, row, box) for box in boxes])
        return rows

    def _box(self, column: Column, row: int, box: Any) -> Box:
        if isinstance(box, Mapping) and set(self.fields) <= box.keys():
            box = [box[key] for key in self.fields]
        try:
            values = dict(zip(self.fields, box, strict=True))
            x0, y0, x1, y1 = corners = tuple(float(values[side]) for side in CORNERS)
        except (TypeError, ValueError):
            raise column.error(
                row,
                f"expected boxes [{', '.join(self.fields)}] or objects with these names, found {str(box)[:80]!r}",
            ) from None
        width, height = self.picture
        name = values["class"]
        inside = x0 < min(x1, width) and y0 < min(y1, height) and x1 > 0 and y1 > 0
        if not (inside and all(math.isfinite(corner) for corner in corners)) or name is None:
            raise column.error(
                row,
                f"expected a box with x0 < x1, y0 < y1 and a class that lies in a picture of {width:g} x {height:g}, "
                f"found {[*corners, name]}. Boxes in pixels need "
                f"{setting(f'targets.{column.name}.picture', '[WIDTH,HEIGHT]')}",
            )
        return Box(corners, plain(name), values)


def plain(name: Any) -> str:
    """Return a class or a track as text: 3.0, as a table of floats holds it, is 3."""
    whole = isinstance(name, float) and name.is_integer()
    return str(int(name) if whole else name)
