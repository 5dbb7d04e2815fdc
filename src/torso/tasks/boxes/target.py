"""Things in a picture with their positions: a list of boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from torso.tables.table import Column
from torso.tasks.boxes.outlines import CORNERS, Box, ListOfBoxes, Thing

__all__ = ["BoxesTarget"]


class BoxesTarget(ListOfBoxes, name="boxes", head="set"):
    """Any number of boxes, each with a class, as a list or its JSON text.

    A box is `[x0, y0, x1, y1, class]` or an object with these names: left, top, right and bottom from the picture's
    upper left corner, as shares of its width and height, from 0 to 1, or in pixels if `picture` says how many there
    are; predictions come in the same unit. A box that reaches past the picture is cut at its edge. An empty list says
    that there is nothing; an empty cell has no label. A class that the training rows do not hold is reported; its
    boxes are learnt by no head and missed in every evaluation.

    Args:
        most: boxes of a row at most; None: 4 more than the most that a training row has.
        least: probability from which a predicted box is written.
        of: name of the picture's column; None: the only one.
    """

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full((rows, self.most, 5), np.nan, dtype=np.float32)

    def _things(self, column: Column, row: int, boxes: Sequence[Box]) -> Sequence[Thing]:  # noqa: ARG002
        return [{(): box} for box in boxes]

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, lists of boxes with their `class` and `score`, the surest first."""
        del details
        scale = np.array(self.picture * 2)
        number = pa.float32()
        fields = [*((side, number) for side in CORNERS), ("class", pa.string()), ("score", number)]
        rows = []
        for boxes in prediction:
            sure = boxes[boxes[:, 5] >= self.least]
            sure = sure[np.argsort(-sure[:, 5], kind="stable")]
            rows.append(
                [
                    {
                        **dict(zip(CORNERS, (box[:4] * scale).tolist(), strict=True)),
                        "class": self.classes[int(box[4])],
                        "score": float(box[5]),
                    }
                    for box in sure
                ]
            )
        return {task: pa.array(rows, pa.list_(pa.struct(fields)))}
