"""Pretrained encoders as candidates of a run: built for an input, tried on a few rows, weighed by their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np
import torch

from torso.columns.loader import features_of
from torso.columns.reading import Reading
from torso.columns.sources import Source
from torso.core.cures import setting
from torso.core.errors import ConfigError
from torso.core.notes import Telling
from torso.encoders import Encoder
from torso.runs.blending.frozen import frozen_encoder
from torso.runs.preparing.complete import settle_encoders
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.runs.settings.durations import duration_text, seconds_of
from torso.tables.table import Table
from torso.training import Listener, choose_device

__all__ = ["Asked", "Candidate", "affordable", "candidate"]

_PROBED = 16
"""Rows by which the time of an encoder is estimated."""
_MOST_SECONDS = 120.0
"""CPU seconds that all encoders of a run may take; a fit of a few thousand rows takes about as long."""
_SHARE = 0.2
"""Share of a budget that they may take."""
_LENGTH = 128
"""Tokens of a text that are read unless the config says."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A run before its encoders are settled.

    Attributes:
        config: as asked for.
        table: all rows.
        rows: positions of those that may be learnt from.
        reading: how files are read.
        listener: is told of progress.
    """

    config: RunConfig
    table: Table
    rows: np.ndarray
    reading: Reading
    listener: Listener


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pretrained encoder of one input, with the rows of a race as it reads them.

    Attributes:
        column: and modality; they have one name, since each text, picture or recording has an encoder of its own.
        name: of the model.
        encoder: in evaluation mode.
        source: the rows of the race.
        layout: settings of the column that were not said.
        seconds: CPU time a row, many at a time.
        alone: CPU time of a row that comes alone.
    """

    column: str
    name: str
    encoder: Encoder
    source: Source
    layout: Mapping[str, object]
    seconds: float
    alone: float


def candidate(asked: Asked, table: Table, column: str, name: str) -> Candidate:
    """Return an encoder with the rows as it reads them, and how long it takes for a few of them.

    Args:
        asked: the run.
        table: rows of the race.
        column: that it should read.
        name: of the model.

    Raises:
        ConfigError: its weights cannot be used.
    """
    config = asked.config
    said = config.inputs[column]
    text = said["kind"] == "text" and "length" not in said
    layout = {"length": _LENGTH} if text else {}
    own = config.model_copy(
        update={
            "inputs": {column: {**layout, **said}},
            "encoders": {column: {"type": "hub", "name": name}},
        }
    )
    own = settle_encoders(own, len(asked.rows))
    schema = Schema(own.inputs, own.targets)
    kind = schema.inputs[column]
    cells = schema.column(table, column)
    kind.learn(cells, Reading(asked.reading.options))
    source = kind.source(cells, Reading(asked.reading.options))
    encoder = frozen_encoder(own, schema, column)
    assert encoder is not None
    encoder = encoder.to(choose_device(config.training.device))
    rows = np.flatnonzero(source.present())
    rows = rows[np.linspace(0, len(rows) - 1, min(_PROBED, len(rows))).astype(np.int64)]
    together = _seconds(encoder, source, rows) / max(len(rows), 1)
    alone = min((_seconds(encoder, source, rows[at : at + 1]) for at in range(3)), default=0.0)
    return Candidate(column, name, encoder, source, layout, together, alone)


def _seconds(encoder: Encoder, source: Source, rows: np.ndarray) -> float:
    """Return the CPU seconds that an encoder takes for some rows.

    Raises:
        ConfigError: its answers are no numbers.
    """
    if not len(rows):
        return 0.0
    features = features_of(source, rows).to(next(encoder.parameters()).device)
    began = process_time()
    with torch.inference_mode():
        tokens = encoder.run_backbone(features)
    took = process_time() - began
    if not bool(torch.isfinite(tokens.values[tokens.mask]).all()):
        raise ConfigError("Its weights give no finite numbers.")
    return took


def affordable(
    asked: Asked, candidates: Sequence[Candidate]
) -> tuple[list[Candidate], tuple[str, ...]]:
    """Return the encoders that all rows can be read by in time, the cheapest first, and a note on the others."""
    limit = _MOST_SECONDS
    if asked.config.budget is not None:
        limit = min(limit, _SHARE * seconds_of(asked.config.budget))
    kept, late = [], []
    for each in sorted(candidates, key=lambda own: own.seconds):
        if next(each.encoder.parameters()).device.type != "cpu":
            kept.append(each)
            continue
        present = float(each.source.present().mean())
        needed = each.seconds * present * asked.table.rows
        if needed <= limit:
            limit -= needed
            kept.append(each)
        else:
            late.append((each, needed))
    if not late:
        return kept, ()
    first = late[0][0]
    told = ", ".join(f"{each.column!r} about {duration_text(needed)}" for each, needed in late)
    cure = setting(f"encoders.{first.column}", {"type": "hub", "name": first.name})
    note = Telling(
        f"Pretrained encoders would take too long on this processor: {told}. To have one: {cure}"
    )
    return kept, (note,)
