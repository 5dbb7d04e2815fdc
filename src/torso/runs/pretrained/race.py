"""The race of pretrained encoders: whether plain models say more about held-out rows with their tokens than without.

Lines are cross-fitted on the flat view of some rows, with and without the tokens of one input. The paired difference of
their held-out losses decides. A network of each kind would cost as much as the run itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from torso.columns.dataset import Dataset
from torso.columns.splits import group_ids
from torso.model.build import PartSpec, build_heads
from torso.plain.flat.flat import Flat
from torso.plain.flat.view import FlatView
from torso.plain.models import SparseLinear
from torso.plain.pooling import Floats, row_losses
from torso.runs.networks.folds import assigned_folds
from torso.runs.preparing.complete import head_spec
from torso.runs.preparing.prepared import Rows
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.tables.table import Table
from torso.tasks import Response

__all__ = ["Gain", "Race"]

_FOLDS = 5
_LEAST_ROWS = 40
"""Rows with a label below which a task says nothing."""
_SURE = 1.96


@dataclass(frozen=True)
class Gain:
    """Held-out loss that plain models save by the tokens of an encoder, a row, added up over tasks.

    Attributes:
        mean: over rows.
        low: end of the 95 % interval.
        high: its other end.
    """

    mean: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """True if the interval lies above 0."""
        return self.low > 0

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


class Race:
    """Rows, their flat view and their labels, on which encoders are tried one after the other.

    Args:
        config: settled without the encoders that are tried.
        schema: of it, fitted on the rows.
        table: the rows.
        dataset: the table laid out.

    Attributes:
        rows: their number.
        responses: task -> its labels; tasks that plain models do not answer are absent.
    """

    def __init__(self, config: RunConfig, schema: Schema, table: Table, dataset: Dataset) -> None:
        every = np.arange(table.rows)
        self.rows = table.rows
        self.seed = config.seed
        self.folds = assigned_folds([Rows(table, dataset, every)], config, _FOLDS)
        groups = group_ids(table, config.data.split.group)
        self.units = every if groups is None else np.unique(groups, return_inverse=True)[1]
        self.responses = _responses(config, schema, dataset)
        columns = {name: schema.column(table, name) for name in schema.inputs}
        view = FlatView(schema.modalities.values())
        self.flat = view.fit(columns, dataset.sources, every)
        self.before = self._losses(self.flat, {})
        self._tried = self.flat, self.before

    def gain(self, dense: np.ndarray, names: Sequence[str]) -> Gain:
        """Return the loss that more dense columns save.

        Args:
            dense: of all rows, `[rows, columns]`.
            names: of the columns.
        """
        spreads = {task: spread for task, (_, spread) in self.before.items()}
        flat = self.flat.beside(dense, names)
        after = self._losses(flat, spreads)
        self._tried = flat, after
        saved = np.sum([self.before[task][0] - after[task][0] for task in after], axis=0)
        of_units = np.bincount(self.units, saved)
        mean = float(saved.mean())
        away = of_units - mean * np.bincount(self.units)
        half = _SURE * float(np.sqrt(np.square(away).sum())) / self.rows
        return Gain(mean, mean - half, mean + half)

    def keep(self) -> None:
        """Keep the columns that were tried last; those tried next are compared with them."""
        self.flat, self.before = self._tried

    def _losses(
        self, flat: Flat, spreads: Mapping[str, Floats]
    ) -> dict[str, tuple[Floats, Floats]]:
        """Return task -> its held-out losses row by row, and the spread of its values."""
        losses = {}
        for task, response in self.responses.items():
            said, _ = SparseLinear.cross_fit(flat, response, self.folds, seed=self.seed)
            losses[task] = row_losses(response, said, spreads.get(task))
        return losses


def _responses(config: RunConfig, schema: Schema, dataset: Dataset) -> dict[str, Response]:
    """Return the labels of the tasks that plain models can learn."""
    parts = {
        task: PartSpec(kind.kind, head_spec(config, task, kind), kind.offered())
        for task, kind in schema.targets.items()
    }
    responses = {}
    with torch.random.fork_rng(devices=[]):
        heads = build_heads(parts, 8, 8)
    for task, head in heads.items():
        if head.statement is None:
            continue
        response = head.response(torch.from_numpy(dataset.targets[task]))
        if response is not None and int(response.labelled.sum()) >= _LEAST_ROWS:
            responses[task] = response
    return responses
