"""The embedding space of a retrieval target: its modalities, and vectors of cells and questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from torso.columns.loader import features_of
from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.reading import Reading, ReadOptions
from torso.columns.sources import facts_of
from torso.core.errors import ConfigError, DataError, unknown
from torso.runs.predicting.predictor import Predictor
from torso.runs.schema.modality import Modality
from torso.search.corpus import Corpus
from torso.tables.table import Table
from torso.tasks._base.towers import TowerHead
from torso.training.devices import autocast

__all__ = ["Space", "single_question"]

_PIECE, _BATCH = 2048, 256
"""Rows whose files are in memory at once, and that the model sees at once."""


@dataclass(frozen=True)
class Space:
    """The vectors of a retrieval target.

    Attributes:
        run: trained.
        task: the target.
        modalities: those that have vectors.
        head: makes them.
    """

    run: Predictor
    task: str
    modalities: Mapping[str, Modality]
    head: TowerHead

    @classmethod
    def of(cls, run: Predictor, target: str | None = None) -> Space:
        """Return the space of the target that is meant.

        Raises:
            ConfigError: the run has no retrieval target, or several and none was named.
        """
        heads = {name: run.model.heads[name] for name in run.schema.targets}
        known = {name: head for name, head in heads.items() if isinstance(head, TowerHead)}
        if not known:
            kinds = {name: kind.kind for name, kind in run.schema.targets.items()}
            raise ConfigError(
                f"A search needs a run with a retrieval target. Found {kinds}. Fit one: docs/retrieval.md says how."
            )
        if target is None and len(known) > 1:
            raise ConfigError(f"`target` (--target) should say which target is meant: {[*known]}.")
        if target is not None and target not in known:
            raise ConfigError(unknown("retrieval target", target, [*known]))
        task = target or next(iter(known))
        modalities = {name: run.schema.modalities[name] for name in known[task].between}
        return cls(run, task, modalities, known[task])

    def asking(self, form: str, by: str | None = None) -> str:
        """Return the modality of a question.

        Args:
            form: `text`, `image` or `audio`.
            by: the modality, where the target has several of the form.

        Raises:
            ConfigError: the target has none, or several and none was named.
        """
        known = [name for name, modality in self.modalities.items() if modality.form == form]
        if by is not None and by not in known:
            raise ConfigError(unknown(f"modality of form {form}:", by, known))
        if not known:
            forms = {name: modality.form for name, modality in self.modalities.items()}
            raise ConfigError(
                f"The target {self.task!r} cannot be asked by {form}. It knows {forms}."
            )
        if by is None and len(known) > 1:
            raise ConfigError(f"`by` (--by) should say which modality the question is of: {known}.")
        return by or known[0]

    def answering(self, corpus: Corpus, find: str | None, by: str | None = None) -> Modality:
        """Return the modality to look for in a corpus.

        Args:
            corpus: where.
            find: the modality; None: the only one that the corpus has, besides that of the question.
            by: modality of the question, which answers only where no other can.

        Raises:
            ConfigError: the target does not know it, or several are there and none was named.
            DataError: none is there.
        """
        if find is not None:
            if find not in self.modalities:
                raise ConfigError(
                    unknown(f"modality of the target {self.task!r}:", find, [*self.modalities])
                )
            return self.modalities[find]
        there = [name for name, modality in self.modalities.items() if corpus.fits(modality)]
        there = [name for name in there if name != by] or there
        if len(there) > 1:
            raise ConfigError(f"`find` (--for) should say what is looked for: {there}.")
        if there:
            return self.modalities[there[0]]
        every = [*self.modalities.values()]
        media = [modality for modality in every if modality.form in ("image", "audio")]
        wanted = (media or every)[0]
        corpus.table(wanted)  # raises, and says what is missing
        return wanted

    def question_vector(self, modality: str, question: str | Path) -> Tensor:
        """Return float32 `[width]`, of length 1: the vector of a text, or of a file's picture or recording.

        Raises:
            DataError: the text is blank, or the file cannot be read.
        """
        part = self.modalities[modality]
        (column,) = part.columns
        cell = pa.array([str(question)] if part.form == "text" else [_content(question)])
        reading = Reading(ReadOptions(most_skipped=1.0, in_pieces=True))
        vector = self.encode(part, Table(pa.table({column: cell}), "<question>"), reading)[0]
        if not vector.any():
            reason = reading.log.skipped[0].reason if reading.log.skipped else "nothing in it"
            raise DataError(f"The question {str(question)!r:.80} cannot be read: {reason}.")
        return vector

    def encode(
        self,
        modality: Modality,
        table: Table,
        reading: Reading,
        progress: Callable[[int, int], None] | None = None,
    ) -> Tensor:
        """Return float32 `[rows, width]` on the CPU: vectors of one modality, zeros where a row lacks it.

        Only the modality's own encoder and tower run.
        """
        model = self.run.model
        trunk = model.trunks[model.trunk_of(self.task)]
        device = next(model.parameters()).device
        vectors = []
        with torch.inference_mode(), autocast(device, self.run.config.training.precision):
            for piece in table.pieces(_PIECE):
                columns = {name: self.run.schema.column(piece, name) for name in modality.columns}
                source = modality.source(columns, reading)
                sizes = facts_of(source) if self.run.config.sizes else None
                for start in range(0, piece.rows, _BATCH):
                    rows = np.arange(start, min(start + _BATCH, piece.rows))
                    features = features_of(source, rows, sizes).to(device)
                    tokens = trunk.without_placeholders(modality.name, features)
                    vectors.append(self.head.vector(modality.name, tokens).float().cpu())
                if progress is not None:
                    progress(sum(map(len, vectors)), table.rows)
        return torch.cat(vectors) if vectors else torch.zeros(0, self.head.width)


def single_question(given: Mapping[str, object]) -> tuple[str, str | Path]:
    """Return the form of the one question that was asked, and the question.

    >>> single_question({"text": "a red thing", "image": None})
    ('text', 'a red thing')

    Raises:
        ConfigError: none, several, or one that is no text and no path.
    """
    asked = {form: question for form, question in given.items() if question is not None}
    if len(asked) != 1:
        raise ConfigError(f"A search asks by one of {[*given]}. Found {[*asked] or 'none'}.")
    [(form, question)] = asked.items()
    if not isinstance(question, str | Path):
        cure = "a string" if form == "text" else "a file's path"
        raise ConfigError(f"`{form}` should be {cure}. Found {question!r}.")
    return form, question


def _content(file: str | Path) -> bytes:
    path = Path(file).expanduser()
    try:
        return MediaFiles([path.parent]).read(path.name)
    except MediaError as error:
        raise DataError(f"The question {str(path)!r} cannot be read: {error}.") from None
