"""Which things are in a picture, and where: a list of boxes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from torso.data import cells
from torso.data.reading import Reading
from torso.data.tables.table import Column
from torso.data.targets._places import OfPicture
from torso.errors import DataError

__all__ = ["Boxes"]

_CORNERS = ("x0", "y0", "x1", "y1")
_ROOM = 4  # boxes that a row may have beyond the most that a training row has

Box = tuple[float, float, float, float, str]


class Boxes(OfPicture, name="boxes", head="set"):
    """Any number of boxes, each with a class, as a list or its JSON text.

    A box is `[x0, y0, x1, y1, class]` or an object with these names: left, top, right and bottom from the picture's
    upper left corner, as shares of its width and height, from 0 to 1, or in pixels if `picture` says how many there
    are; predictions come in the same unit. A box that reaches past the picture is cut at its edge. An empty list says
    that there is nothing; an empty cell has no label. A class that the training rows do not hold is reported; its
    boxes are learnt by no head and missed in every evaluation.

    Args:
        picture: `[width, height]` in pixels of every picture, if boxes are in pixels; None: boxes are shares.
        most: boxes of a row at most; None: 4 more than the most that a training row has.
        least: probability from which a predicted box is written.
        of: name of the picture's column; None: the only one.
    """

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
        """Learn the classes, sorted (numbers by size), and how many boxes a row may have.

        Raises:
            DataError: no box at all, or a cell that is no list of boxes.
        """
        rows = self._rows(column)
        found = {box[4] for row in rows if row is not None for box in row}
        if not found:
            raise DataError(
                f"{column.table}, column {column.name!r}: a boxes target should have at least one box among the "
                f"training rows. Found none in {sum(row is not None for row in rows)} labels. Leave it out of the "
                "targets."
            )
        numeric = all(one.lstrip("-").isdigit() for one in found)
        self.classes = sorted(found, key=int) if numeric else sorted(found)
        self.most = self.given or _ROOM + max(len(row) for row in rows if row is not None)

    def state(self) -> dict[str, Any]:
        """Return the classes and the room for boxes."""
        return {"classes": self.classes, "most": self.most}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what was learned."""
        self.classes, self.most = state["classes"], state["most"]

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows, most, 5]`: corners as shares of the picture, and the class.

        Behind a row's last box the class is -1 and the corners are NaN; in a row without a label, all is NaN.
        """
        out = self.missing(len(column))
        place = {name: index for index, name in enumerate(self.classes)}
        scale = np.array(self.picture * 2)
        for row, boxes in enumerate(self._rows(column)):
            if boxes is None:
                continue
            if len(boxes) > self.most:
                reading.skip(
                    column, row, f"{len(boxes)} boxes", f"more than `most`, which is {self.most}"
                )
                continue
            out[row, :, 4] = -1
            for at, (*corners, name) in enumerate(boxes):
                if name not in place:
                    reading.skip(column, row, name, "class unseen in training")
                out[row, at, :4] = np.clip(np.array(corners) / scale, 0, 1)
                out[row, at, 4] = place.get(name, len(self.classes))
        return out

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full((rows, self.most, 5), np.nan, dtype=np.float32)

    def offered(self) -> dict[str, Any]:
        """Offer the picture's name, and the number of classes."""
        return {"of": self.of, "classes": len(self.classes)}

    @property
    def names(self) -> list[str]:
        """The classes."""
        return self.classes

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, lists of boxes with their `class` and `score`, the surest first."""
        del details
        scale = np.array(self.picture * 2)
        number = pa.float32()
        fields = [*((one, number) for one in _CORNERS), ("class", pa.string()), ("score", number)]
        rows = []
        for boxes in prediction:
            sure = boxes[boxes[:, 5] >= self.least]
            sure = sure[np.argsort(-sure[:, 5], kind="stable")]
            rows.append(
                [
                    {
                        **dict(zip(_CORNERS, (box[:4] * scale).tolist(), strict=True)),
                        "class": self.classes[int(box[4])],
                        "score": float(box[5]),
                    }
                    for box in sure
                ]
            )
        return {task: pa.array(rows, pa.list_(pa.struct(fields)))}

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
            except ValueError:
                boxes = cell
            if not isinstance(boxes, list):
                raise column.error(row, f"expected a list of boxes, found {str(cell)[:80]!r}")
            rows.append([self._box(column, row, box) for box in boxes])
        return rows

    def _box(self, column: Column, row: int, box: Any) -> Box:
        if isinstance(box, Mapping) and {*_CORNERS, "class"} <= box.keys():
            box = [box[key] for key in (*_CORNERS, "class")]
        try:
            x0, y0, x1, y1 = (float(one) for one in box[:4])
            (name,) = box[4:]
        except (TypeError, ValueError, KeyError):
            raise column.error(
                row,
                f"expected boxes [x0, y0, x1, y1, class] or objects with these names, found {str(box)[:80]!r}",
            ) from None
        width, height = self.picture
        inside = x0 < min(x1, width) and y0 < min(y1, height) and x1 > 0 and y1 > 0
        if not (inside and all(math.isfinite(one) for one in (x0, y0, x1, y1))) or name is None:
            raise column.error(
                row,
                f"expected a box with x0 < x1, y0 < y1 and a class that lies in a picture of {width:g} x {height:g}, "
                f"found {[x0, y0, x1, y1, name]}. Boxes in pixels need --set "
                f"targets.{column.name}.picture=[WIDTH,HEIGHT]",
            )
        whole = isinstance(name, float) and name.is_integer()
        return x0, y0, x1, y1, str(int(name) if whole else name)
