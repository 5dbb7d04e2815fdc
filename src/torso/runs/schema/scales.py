"""The scale on which numbers with a heavy tail are learnt: their logarithm, or the labels themselves, given the inputs.

Labels alone cannot say. Sales of a shop and of a chain differ by factors, but where the inputs are sizes, too, the labels
may be a plain sum of them. So linear models of the quick inputs, cross-fitted, answer on both scales.
"""

from __future__ import annotations

import numpy as np

from torso.columns.reading import Reading
from torso.plain.flat.view import FlatView
from torso.plain.models.linear import SparseLinear
from torso.runs.schema.schema import Schema
from torso.tables.table import Table
from torso.tasks import Response

__all__ = ["settle_scales"]

_FORMS = ("numbers", "categories")  # read in no time; texts seldom say sizes
_ROWS = 2_000  # that the linear models learn from at most, evenly spread
_FOLDS = 5


def settle_scales(schema: Schema, table: Table, rows: np.ndarray, reading: Reading) -> None:
    """Let the targets whose scale is open choose it, by answers from the table's numbers and categories.

    All targets share the features and their inner products, so many cost little more than a few. Without numbers and
    categories among the inputs, what the labels alone asked for stays.

    Args:
        schema: fitted.
        table: the table.
        rows: positions of its training rows.
        reading: how to read cells; what is skipped is noted when they are laid out.
    """
    rooms = {name: room for name, room in schema.modalities.items() if room.form in _FORMS}
    if not rooms:
        return
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _ROWS)).astype(np.int64)]
    few = table.take(rows)
    scales = {
        task: labels
        for task, kind in schema.targets.items()
        if (labels := kind.scales(schema.label(few, task))) is not None
    }
    if not scales:
        return
    columns = {name: schema.column(few, name) for room in rooms.values() for name in room.columns}
    fresh = Reading(reading.options)
    sources = {name: room.source(columns, fresh) for name, room in rooms.items()}
    flat = FlatView(rooms.values()).fit(columns, sources, np.arange(few.rows))
    together = np.concatenate([*scales.values()], axis=1)
    means, stds = np.nanmean(together, axis=0), np.nanstd(together, axis=0) + 1e-300
    response = Response("values", ((together - means) / stds).astype(np.float32))
    folds = np.random.default_rng(0).permutation(few.rows) % _FOLDS
    said = SparseLinear.cross_fit(flat, response, folds, seed=0)[0] * stds + means
    start = 0
    for task, labels in scales.items():
        width = labels.shape[1]
        schema.targets[task].settle(schema.label(few, task), said[:, start : start + width])
        start += width
