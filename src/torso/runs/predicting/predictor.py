"""A trained run: predict, evaluate, save. It never changes, so threads may share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Literal, overload

import pyarrow as pa

from torso.columns.dataset import Dataset
from torso.columns.loader import gather
from torso.columns.reading import Reading, ReadLog, Skipped
from torso.core.notes import warn
from torso.model.ensemble import Ensemble
from torso.model.model import Model
from torso.model.replayed import Replayed
from torso.plain.blend import PlainHalf
from torso.runs.blending.half import with_plain
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.seen_rows import SeenRows
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.predicting.answering import PIECE, Answering
from torso.runs.predicting.asked import Asked, Roots, reading_of
from torso.runs.predicting.edited import telling_of_edits
from torso.runs.predicting.evaluating import answered_table
from torso.runs.predicting.moved import MOVED
from torso.runs.predicting.prediction import Evaluation, row_ranges, told
from torso.runs.report.answer_references import AnswerReference, answer_references
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport
from torso.runs.report.scoring import Scorer
from torso.runs.report.shown import Reports, as_html, as_text
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.tables.table import Table
from torso.tasks import Decision
from torso.training import Answers, answer, encode_frozen
from torso.training import Prediction as HeadPrediction

__all__ = ["Predictor"]


@dataclass(frozen=True, eq=False, repr=False)
class Predictor(Answering):
    """A trained model with all it needs to read a table and answer; `torso.fit` and `torso.load` return it.

    >>> import numpy as np, torso
    >>> draw = np.random.default_rng(0)
    >>> size = draw.normal(size=80)
    >>> table = {"size": size, "price": size + draw.normal(size=80)}
    >>> small = {"training.epochs": 1, "dim": 8}
    >>> run = torso.fit(table, ["price"], quality="fast", settings=small)
    >>> list(run.predict({"size": [0.5]}))
    ['price', 'price_spread', 'price_low', 'price_high']
    >>> run.evaluate(table)["price"].headline
    'r2'

    Attributes:
        config: the complete config.
        schema: fitted on the training rows.
        model: trained, in evaluation mode.
        report: results on the rows that `fit` kept aside, and how training went.
        folder: where it was saved or opened; None if it is in memory only.
        split: the parts of the table that it was fitted on; None if an earlier version wrote the run.
        skipped: cells of the fit that counted as missing although they held something.
        plain: models beside the network whose statements are blended with its own; None without any.
        strict: a table without some of the inputs, and a cell that cannot be read, are errors.
        decisions: task -> thresholds that its answers go by, where it has any.
        held_out: truths and answers of the rows that `report` is about; None if an earlier version wrote the run.
    """

    config: RunConfig
    schema: Schema
    model: Model
    report: RunReport
    folder: Path | None = None
    split: StoredSplit | None = None
    skipped: tuple[Skipped, ...] = ()
    plain: PlainHalf | None = None
    strict: bool = False
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    held_out: HeldOut | None = None
    _replayed: Replayed = field(init=False)

    def __post_init__(self) -> None:
        self.model.eval()
        object.__setattr__(self, "_replayed", Replayed(self.model))

    def __getattr__(self, name: str) -> object:
        """Raise an error that says the new spelling of a moved attribute."""
        hint = f" It is `{MOVED[name]}`." if name in MOVED else ""
        raise AttributeError(f"A Predictor has no attribute {name!r}.{hint}", name=name, obj=self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    @overload
    def evaluate(
        self,
        table: object,
        *,
        root: Roots = (),
        resamples: int = 1000,
        batch_size: int = 256,
        details: Literal[False] = False,
    ) -> Reports: ...

    @overload
    def evaluate(
        self,
        table: object,
        *,
        root: Roots = (),
        resamples: int = 1000,
        batch_size: int = 256,
        details: Literal[True],
    ) -> Evaluation: ...

    def evaluate(
        self,
        table: object,
        *,
        root: Roots = (),
        resamples: int = 1000,
        batch_size: int = 256,
        details: bool = False,
    ) -> Reports | Evaluation:
        """Compare with the table's labels.

        Args:
            table: as for `predict`, with target columns; one that is absent has no labels.
            root: folders or zips that file columns are relative to, instead of those in `run.yaml`.
            resamples: of the bootstrap behind each interval; whole groups where the run was split by group.
            batch_size: rows that the model sees at once.
            details: return an `Evaluation`: the reports with the answers and the cells that were skipped.

        Returns:
            Task -> report.
        """
        asked = self._asked(table, root, labels=True)
        source, reading = asked.table, self._reading(asked)
        pieces = []
        with telling_of_edits(self.folder):
            for piece in source.pieces(PIECE):
                dataset = self._laid_out(piece, reading, targets=True)
                pieces.append((dataset, self.answers(piece, dataset, batch_size)))
        reading.check()
        reading.check_values()
        scorer = self.scorer
        rows = answered_table(scorer, pieces, source, self.config.data.split.group)
        reports = scorer.scored(rows.tasks, groups=rows.groups, resamples=resamples)
        reading.log.notes += scorer.notes()
        skipped, notes = told(source, reading.log)
        notes = (*notes, *self._learnt_from(asked, reading))
        if not details:
            for note in notes:
                warn(note)
            return reports
        return Evaluation(reports, skipped, notes, rows)

    def labelled(self, table: object, *, root: Roots = (), log: ReadLog | None = None) -> Dataset:
        """Return a table laid out with its labels, each file decoded once, to go through it several times.

        Args:
            table: as for `evaluate`.
            root: as for `evaluate`.
            log: where skipped cells are noted.
        """
        asked, log = self._asked(table, root, labels=True), log or ReadLog()
        log.notes += asked.told
        options = reading_of(asked, self.config.data, strict=self.strict, kept=True).options
        reading = Reading(options, log)
        dataset = self.schema.dataset(asked.table, reading, sizes=self.config.sizes)
        reading.check()
        return dataset

    @property
    def scorer(self) -> Scorer:
        """Compares predictions with truths, beside the baselines of the training rows."""
        return Scorer(self.schema, self.model, self.baselines, self.config.seed, self.decisions)

    @property
    def answer_references(self) -> Mapping[str, AnswerReference]:
        """Task -> its answers to held-out rows in bins, for tasks that have such."""
        return answer_references(self.held_out)

    def save(self, folder: str | Path) -> Predictor:
        """Write the run to `folder` and return it as opened from there."""
        RunFolder(path := Path(folder).expanduser()).save(self)
        return replace(self, folder=path)

    def serve(self, settings: object = None) -> None:
        """Answer over HTTP until Ctrl+C, under `ServeSettings`; see `torso.serve`."""
        import_module("torso.serving.server").serve(self, settings)  # a later layer

    @property
    def learnt_rows(self) -> tuple[SeenRows, int] | None:
        """Digests of rows that the run has learnt from, and the number of all such; None in runs of earlier versions."""
        if self.split is None or self.split.seen is None:
            return None
        return self.split.seen, self.split.learnt

    def _learnt_from(self, asked: Asked, reading: Reading) -> tuple[str, ...]:
        """Return a sentence if the table holds rows that the run has learnt from."""
        if self.learnt_rows is None or asked.told:
            return ()
        seen, learnt = self.learnt_rows
        return seen.told(asked.table, self.schema, reading.options, learnt)

    def predictions(
        self, table: Table, dataset: Dataset, batch_size: int
    ) -> Mapping[str, HeadPrediction]:
        """Return task -> predictions of network and plain models for all rows of a table."""
        return self._predictions(self.answers(table, dataset, batch_size))

    def answers(self, table: Table, dataset: Dataset, batch_size: int = 256) -> Answers:
        """Return the raw outputs of network and plain models for a table that is laid out as `dataset`."""
        precision = self.config.training.precision
        equal = any(
            getattr(source, "same", None) is not None for source in dataset.sources.values()
        )
        shared = equal or self.plain is not None or isinstance(self.model, Ensemble)
        read = encode_frozen(self.model, dataset, precision) if shared else dataset
        batches = (gather(read, rows) for rows in row_ranges(table.rows, batch_size))
        answers = answer(self.model, batches, precision, self._replayed)
        if self.plain is not None:
            own = dict(self.model.heads.pairs())
            raw = with_plain(self.plain, own, answers.outputs, self.schema, table, read)
            return replace(answers, outputs=raw)
        return answers

    def columns(self, table: Table, answers: Answers) -> dict[str, pa.Array]:
        """Return the columns of answers to a table from its raw outputs."""
        return self._written(table, self._predictions(answers))

    def _predictions(self, answers: Answers) -> dict[str, HeadPrediction]:
        return answers.predictions(self.model, self._replayed.heads)
