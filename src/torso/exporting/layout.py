"""Layout of a run's inputs as tensors, and examples of it: tracing and comparing need rows without a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from torso.columns.loader import features_of
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource, LookupSource
from torso.core.types import Features
from torso.encoders import Encoder
from torso.runs.schema.modality import Modality
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.tables.table import Table

__all__ = ["Layout", "layouts"]

_LOUDEST = 3000.0  # standard deviation of drawn samples of sound
_ANY = 1 << 20  # steps that nobody limits
_UNKNOWN = 0.2  # share of drawn cells and sizes that are unknown


@dataclass(frozen=True, eq=False)
class Layout:
    """Tensors of one modality.

    Attributes:
        name: of the modality.
        form: of its features.
        columns: that it is read from.
        dtype: of its values.
        steps: rows have steps of their own number: `values` are `[batch, length, *tail]`, the mask `[batch, length]`.
        tail: the axes of `values` that are fixed: all but batch and length.
        cells: columns of the mask `[batch, columns]`; 0 for a mask `[batch]`.
        sizes: facts about whole files that the model reads; 0 for none.
        below: for indices, the first that is not known, in each column.
        longest: steps of a row at most.
    """

    name: str
    form: str
    columns: tuple[str, ...]
    dtype: torch.dtype
    steps: bool
    tail: tuple[int, ...]
    cells: int
    sizes: int
    below: tuple[int, ...]
    longest: int

    def draw(self, present: np.ndarray, length: int, draws: np.random.Generator) -> Features:
        """Return features of rows.

        Args:
            present: bool `[rows]`, the rows that have the modality.
            length: steps of the longest row, where rows have steps.
            draws: of values, lengths and gaps.
        """
        rows = len(present)
        sides = (rows, *((length,) if self.steps else ()), *self.tail)
        values = self._values(sides, draws)
        mask = self._mask(present, length, draws)
        sizes = None
        if self.sizes:
            facts = np.exp(draws.normal(size=(rows, self.sizes)) + 3).astype(np.float32)
            facts[draws.random(facts.shape) < _UNKNOWN] = np.nan
            sizes = torch.from_numpy(facts)
        return Features(values, torch.from_numpy(mask), False, sizes)

    def _mask(self, present: np.ndarray, length: int, draws: np.random.Generator) -> np.ndarray:
        rows = len(present)
        if self.steps:
            lengths = draws.integers(1, length + 1, rows)
            lengths[draws.integers(rows)] = length
            mask = np.arange(length) < lengths[:, None]
        elif self.cells:
            mask = draws.random((rows, self.cells)) >= _UNKNOWN
            mask[np.arange(rows), draws.integers(self.cells, size=rows)] = True
        else:
            return present.copy()
        return np.asarray(mask & present[:, None])

    def _values(self, shape: tuple[int, ...], draws: np.random.Generator) -> Tensor:
        if self.dtype == torch.uint8:
            return torch.from_numpy(draws.integers(0, 256, shape, dtype=np.uint8))
        if self.dtype == torch.int16:
            return torch.from_numpy((draws.normal(size=shape) * _LOUDEST).astype(np.int16))
        if self.dtype.is_floating_point:
            return torch.from_numpy(draws.normal(size=shape)).to(self.dtype)
        below = np.array(self.below or (2,), np.int64)
        if not self.steps:  # an index of each column has its own bound
            below = below.reshape(1, -1, *(1,) * (len(shape) - 2))
        return torch.from_numpy((draws.random(shape) * below).astype(np.int64)).to(self.dtype)


def layouts(
    schema: Schema, config: RunConfig, encoders: Mapping[str, Encoder]
) -> dict[str, Layout]:
    """Return modality -> layout, read off a row without any cell.

    Args:
        schema: fitted.
        config: of the run.
        encoders: modality -> encoder, which may read fewer steps than its column holds.
    """
    empty = Table(pa.table({name: pa.nulls(1) for name in schema.inputs}))
    sources = schema.dataset(empty, Reading(), targets=False).sources
    laid = {}
    for name, modality in schema.modalities.items():
        source = sources[name]
        features = features_of(source, np.array([0]))
        cells = features.mask.ndim == 2
        steps = cells and not isinstance(source, ArraySource | LookupSource)
        shape = tuple(features.values.shape)[2 if steps else 1 :]
        laid[name] = Layout(
            name,
            modality.form,
            tuple(modality.columns),
            features.values.dtype,
            steps,
            shape,
            0 if steps or not cells else features.mask.shape[1],
            modality.sizes if config.sizes else 0,
            _below(modality.offered()),
            min(_longest(modality), encoders[name].most_steps or _ANY),
        )
    return laid


def _below(offered: Mapping[str, object]) -> tuple[int, ...]:
    known = offered.get("cardinalities", offered.get("vocabulary", ()))
    return (known,) if isinstance(known, int) else tuple(known)  # type: ignore[arg-type]


def _longest(modality: Modality) -> int:
    kinds = modality.columns.values()
    limits = [*(getattr(kind, "length", None) for kind in kinds)]
    limits += [kind.offered().get("frames") for kind in kinds]
    return min([limit for limit in limits if isinstance(limit, int)], default=_ANY)
