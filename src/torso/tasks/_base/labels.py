"""The labels of a task: a column, and the further parts of each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from torso.tables.table import Column

__all__ = ["Labels"]


@dataclass(frozen=True)
class Labels(Column):
    """A column of labels.

    Attributes:
        others: the columns that hold further parts of each label, as `Target.others` names them.
        steps: start and end (exclusive) of each step of the input that the labels lie along, in its cell, int64
            `[steps, 2]` per row; None for a row without the input. Empty unless the target has an input `along`.
    """

    others: tuple[Column, ...] = ()
    steps: Sequence[np.ndarray | None] = ()
