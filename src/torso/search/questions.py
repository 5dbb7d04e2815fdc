"""What is asked, what may answer, and the vectors of either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from torso.columns.loader import features_of
from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.reading import Reading, ReadOptions
from torso.core.errors import ConfigError, DataError, unknown
from torso.runs.predictor import Predictor
from torso.runs.schema import Modality
from torso.search.places import Place
from torso.tables.table import Table
from torso.tasks._base.towers import TowerHead
from torso.training.devices import autocast

__all__ = [
    "answering",
    "asking",
    "encode",
    "question_vector",
    "retrieval",
    "the_one",
    "towers",
]

_PIECE, _BATCH = 2048, 256
"""Rows whose files are in memory at once, and that the model sees at once."""


def retrieval(run: Predictor, target: str | None = None) -> str:
    """Return the name of the retrieval target that is meant.

    Raises:
        ConfigError: the run has none, or several and nobody said which.
    """
    known = [name for name in run.schema.targets if isinstance(run.model.heads[name], TowerHead)]
    if not known:
        kinds = {name: kind.kind for name, kind in run.schema.targets.items()}
        raise ConfigError(
            f"A search needs a run with a retrieval target. Found {kinds}. Fit one: docs/retrieval.md says how."
        )
    if target is None and len(known) > 1:
        raise ConfigError(f"`target` (--target) should say which target is meant: {known}.")
    if target is not None and target not in known:
        raise ConfigError(unknown("retrieval target", target, known))
    return target or known[0]


def asking(run: Predictor, task: str, form: str, by: str | None = None) -> str:
    """Return the modality that a question of `form` asks by.

    Args:
        run: trained.
        task: a retrieval target.
        form: `text`, `image` or `audio`.
        by: the modality, where the target has several of the form.

    Raises:
        ConfigError: the target has none, or several and nobody said which.
    """
    known = [name for name in _between(run, task) if run.schema.modalities[name].form == form]
    if by is not None and by not in known:
        raise ConfigError(unknown(f"modality of form {form}:", by, known))
    if not known:
        forms = {name: run.schema.modalities[name].form for name in _between(run, task)}
        raise ConfigError(f"The target {task!r} cannot be asked by {form}. It knows {forms}.")
    if by is None and len(known) > 1:
        raise ConfigError(f"`by` (--by) should say which modality the question is of: {known}.")
    return by or known[0]


def the_one(given: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the form of the question, and the question."""
    asked = {form: question for form, question in given.items() if question is not None}
    if len(asked) != 1:
        raise ConfigError(f"A search asks by one of {[*given]}. Found {[*asked] or 'none'}.")
    [(form, question)] = asked.items()
    if not isinstance(question, str | Path):
        cure = "a string" if form == "text" else "a file's path"
        raise ConfigError(f"`{form}` should be {cure}. Found {question!r}.")
    return form, question


def answering(
    run: Predictor, task: str, place: Place, find: str | None, by: str | None = None
) -> str:
    """Return the modality that is looked for in a place.

    Args:
        run: trained.
        task: a retrieval target.
        place: where.
        find: the modality; None: the only one that the place has, besides that of the question.
        by: the modality of the question, which answers only where no other can.

    Raises:
        ConfigError: the target does not know it, or several are there and nobody said which.
        DataError: none is there.
    """
    between = _between(run, task)
    if find is not None:
        if find not in between:
            raise ConfigError(unknown(f"modality of the target {task!r}:", find, between))
        return find
    there = [name for name in between if place.fits(run.schema.modalities[name])]
    there = [name for name in there if name != by] or there
    if len(there) > 1:
        raise ConfigError(f"`find` (--for) should say what is looked for: {there}.")
    if not there:
        media = [name for name in between if run.schema.modalities[name].form in ("image", "audio")]
        place.table(run.schema.modalities[(media or between)[0]])  # says what is missing
    return there[0]


def question_vector(run: Predictor, task: str, modality: str, question: str | Path) -> Tensor:
    """Return float32 `[width]` of a text, or of a file with a picture or a recording; of length 1.

    Raises:
        DataError: the text is blank, or the file cannot be read.
    """
    part = run.schema.modalities[modality]
    (column,) = part.columns
    cell = pa.array([str(question)] if part.form == "text" else [_content(question)])
    reading = Reading(ReadOptions(most_skipped=1.0, in_pieces=True))
    vector = encode(run, task, part, Table(pa.table({column: cell}), "<question>"), reading)[0]
    if not vector.any():
        reason = reading.log.skipped[0].reason if reading.log.skipped else "nothing in it"
        raise DataError(f"The question {str(question)!r:.80} cannot be read: {reason}.")
    return vector


def towers(run: Predictor, task: str) -> TowerHead:
    """Return the head of a retrieval target."""
    head = run.model.heads[task]
    assert isinstance(head, TowerHead)
    return head


def _content(file: str | Path) -> bytes:
    path = Path(file).expanduser()
    try:
        return MediaFiles([path.parent]).read(path.name)
    except MediaError as error:
        raise DataError(f"The question {str(path)!r} cannot be read: {error}.") from None


def encode(
    run: Predictor,
    task: str,
    modality: Modality,
    table: Table,
    reading: Reading,
    progress: Callable[[int, int], None] | None = None,
) -> Tensor:
    """Return float32 `[rows, width]` on the CPU: vectors of one modality, zeros where a row lacks it.

    Only the modality's own encoder and tower run.
    """
    model, head = run.model, towers(run, task)
    encoder = model.trunks[model.trunk_of(task)].encoders[modality.name]
    device = next(model.parameters()).device
    found = []
    with torch.inference_mode(), autocast(device, run.config.training.precision):
        for piece in table.pieces(_PIECE):
            source = modality.source(piece, reading)
            for start in range(0, piece.rows, _BATCH):
                rows = np.arange(start, min(start + _BATCH, piece.rows))
                tokens = encoder(features_of(source, rows).to(device))
                found.append(head.vector(modality.name, tokens).float().cpu())
            if progress is not None:
                progress(sum(map(len, found)), table.rows)
    return torch.cat(found) if found else torch.zeros(0, head.width)


def _between(run: Predictor, task: str) -> list[str]:
    return list(towers(run, task).between)
