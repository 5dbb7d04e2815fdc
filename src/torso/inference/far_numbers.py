"""Cells that lie far from all others, found before a training: inputs that are numbers, and labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.far_cells import far_cells
from torso.columns.inputs import Input, NumberInput
from torso.columns.moments import near, reach
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.spec import Spec
from torso.tables.table import Column
from torso.tasks import Target

__all__ = ["FAR_LABELS", "far_input_warnings", "far_label_warnings"]


def far_input_warnings(
    cells: Profile, kind: str, settings: Mapping[str, object]
) -> tuple[str, ...]:
    """Return a sentence about far cells of an input that is a number; none of any other."""
    if kind != NumberInput.name:
        return ()
    return far_cells(*_far(cells, settings))


FAR_LABELS = "Such labels count as missing."
"""Words of the warning about them, which a fit tells of once it has read them."""


def far_label_warnings(
    cells: Profile, kind: str, settings: Mapping[str, object]
) -> tuple[str, ...]:
    """Return a sentence about labels far from all others, which count as missing; none of other kinds."""
    if kind not in Target.registry or Target.registry.find(kind).label != "quantity":
        return ()
    return tuple(
        f"{note.partition('. ')[0]}. {FAR_LABELS}" for note in far_cells(*_far(cells, settings))
    )


def _far(cells: Profile, settings: Mapping[str, object]) -> tuple[Column, list[int]]:
    """Return a column and the rows of its numbers that lie far from all others: the whole one where that is cheap."""
    sample = _floats(cells, settings)
    known = sample[np.isfinite(sample)]
    ends = reach(known)
    whole = None if cells.sampled is cells.column or ends is None else _whole(cells.column)
    if whole is None:
        return cells.sampled, _rows(sample)
    least, most = pc.min_max(whole).as_py().values()
    if least is None or ends is None or (ends[0] <= least and most <= ends[1]):
        return cells.column, []
    return cells.column, _rows(np.asarray(whole.to_numpy(zero_copy_only=False)))


def _rows(values: np.ndarray) -> list[int]:
    """Return the rows of the numbers that lie far from all others."""
    known = np.flatnonzero(np.isfinite(values))
    rows: list[int] = known[~near(values[known])].tolist()
    return rows


def _whole(column: Column) -> pa.Array | None:
    """Return all cells as numbers, if Arrow reads them as they stand."""
    try:
        return pc.cast(column.values, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _floats(cells: Profile, settings: Mapping[str, object]) -> np.ndarray:
    """Return the sampled cells as numbers, NaN for none."""
    if cells.is_number:  # by way of Python: Arrow's way to numpy imports pandas
        sample = cells.sample.to_pylist()
        return np.array([np.nan if cell is None else cell for cell in sample], np.float64)
    own = {name: value for name, value in settings.items() if name in ("decimal", "units", "forms")}
    kind = Input.registry.build(Spec(NumberInput.name, own))
    assert isinstance(kind, NumberInput)
    first: np.ndarray = kind.floats(cells.sampled, Reading())[:, 0]
    return first
