"""Degrees as labels, points on a circle as targets."""

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.core.errors import DataError
from torso.tasks import Target


class DirectionTarget(Target, name="direction", head="plane"):
    """A direction in degrees from north.

    Args:
        clockwise: whether east is at 90.
    """

    label = "quantity"

    def __init__(self, clockwise: bool = True) -> None:
        self.clockwise = clockwise
        self.spread = 1.0

    def fit(self, column):
        values = cells.numbers(column)
        if np.isnan(values).all():
            raise DataError(f"column {column.name!r}: no direction. Leave it out of the targets.")
        self.spread = float(np.nanstd(values))

    def state(self):
        return {"spread": self.spread}

    def restore(self, state):
        self.spread = state["spread"]

    def encode(self, column, reading):
        radians = np.radians(cells.numbers(column))
        return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)

    def missing(self, rows):
        return np.full((rows, 2), np.nan, dtype=np.float32)

    def offered(self):
        return {}

    def columns(self, task, prediction, details):
        return {task: pa.array(np.degrees(np.arctan2(prediction[:, 1], prediction[:, 0])) % 360)}
