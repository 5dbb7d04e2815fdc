"""A trained run: predict, evaluate, save. It never changes, so threads may share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pyarrow as pa

from torso.columns.dataset import Dataset
from torso.columns.loader import gather
from torso.columns.reading import Reading, ReadLog, Skipped
from torso.core.errors import ConfigError
from torso.core.listed import check_listed
from torso.core.notes import warn
from torso.model.ensemble import Ensemble
from torso.model.model import Model
from torso.model.replayed import Replayed
from torso.plain.blend import PlainHalf
from torso.runs.blending.half import with_plain
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.predicting.asked import Asked, Roots, ask, reading_of, require_labels
from torso.runs.predicting.evaluating import answered_table
from torso.runs.predicting.moved import MOVED
from torso.runs.predicting.pattern_check import PatternCheck
from torso.runs.predicting.prediction import (
    Evaluation,
    Prediction,
    answer_columns,
    row_ranges,
    stacked,
    told,
)
from torso.runs.report.deciding import Said, decided, with_hand
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport
from torso.runs.report.scoring import Scorer
from torso.runs.report.shown import Reports, as_html, as_text
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.tables.alike import alike
from torso.tables.table import Table
from torso.tasks import Decision
from torso.training import Answers, answer, encode_frozen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Predictor"]

_PIECE = 2048  # rows of a table whose files are in memory at once


@dataclass(frozen=True, eq=False, repr=False)
class Predictor:
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

    @property
    def reports(self) -> Reports:
        """Task -> its scores on the rows that `fit` kept aside."""
        return Reports(self.report.tasks)

    @property
    def metrics(self) -> dict[str, Any]:
        """The report as JSON values: content of `metrics.json`."""
        return self.report.to_dict()

    @property
    def baselines(self) -> Mapping[str, Mapping[str, Any]]:
        """Task -> the state of its baseline without inputs, learned from the training rows."""
        return self.report.baselines

    @property
    def notes(self) -> tuple[str, ...]:
        """Facts for the user: leaks, columns left out, tasks with a small share of the gradient."""
        return self.report.notes

    def scores(self) -> pd.DataFrame:
        """Return a frame with one row per task and metric: see `RunReport.scores`."""
        return self.report.scores()

    def predict(
        self,
        table: object,
        *,
        root: Roots = (),
        keep: Sequence[str] = (),
        batch_size: int = 256,
        as_arrow: bool = False,
        details: bool = False,
    ) -> Any:
        """Answer for every row.

        Args:
            table: path, frame, Arrow table, rows or a row, a folder of files, a picture: see docs/python.md. Target
                columns are not needed and not read, absent inputs count as missing.
            root: folders or zips that file columns are relative to, instead of those in `run.yaml`.
            keep: columns of `table` to put before the answers.
            batch_size: rows that the model sees at once.
            as_arrow: return an Arrow table, whatever was given.
            details: return a `Prediction`: the table of answers with the cells that were skipped.

        Returns:
            A table of the kind that was given (a pandas frame for paths and lists), one row per row, in the same order. Per
            task: the value; `<task>_probability` and one column per class, or `<task>_spread`, `<task>_low` and
            `<task>_high`; `<task>__low` where another target is called `<task>_low`.

        Raises:
            DataError: all inputs are absent, or too many files unreadable.
            MissingDependency: a pandas frame is asked for, and pandas is absent.
        """
        check_listed("keep", keep)
        # pandas may be absent: that is said before the work
        returned = None if as_arrow else alike(table)
        asked = self._asked(table, root)
        source, reading = asked.table, self._reading(asked)
        columns = {name: source.column(name).values for name in (*asked.kept, *keep)}
        gaps, parts, present = PatternCheck(self.report.patterns, self.report.tasks), [], []
        for piece in source.pieces(_PIECE):
            dataset, outputs = self._answers(piece, reading, batch_size, targets=False)
            present.append(gaps.count(dataset))
            parts.append(self.columns(piece, outputs))
        reading.check()
        for name in parts[0]:
            if name in columns:
                raise ConfigError(
                    f"`keep` names {name!r}, but an answer column has this name, too. Rename it in the table."
                )
            columns[name] = pa.concat_arrays([part[name] for part in parts])
        answers = pa.table(columns) if returned is None else returned(pa.table(columns))
        skipped, notes = told(source, reading.log)
        notes = gaps.beside(notes, source.name, asked.told)
        if not details:
            for note in notes:
                warn(note)
            return answers
        notes = (*notes, *self._learnt_from(asked, reading))
        return Prediction(answers, skipped, notes, stacked(present))

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
        pieces = [
            self._answers(piece, reading, batch_size, targets=True)
            for piece in source.pieces(_PIECE)
        ]
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

    def with_threshold(self, threshold: Said) -> Predictor:
        """Return the run with thresholds that are set by hand; probabilities stay as they are.

        >>> import torso
        >>> table = {"size": [k % 17 / 3 for k in range(90)], "big": [k % 17 > 8 for k in range(90)]}
        >>> run = torso.fit(table, {"big": "binary"}, quality="fast", settings={"training.epochs": 1})
        >>> [bool(run.with_threshold(at).predict({"size": [3.0]})["big"][0]) for at in (0.001, 0.999)]
        [True, False]

        Args:
            threshold: a number, where one task takes any; task -> number, or class or label -> number; None: without.

        Raises:
            ConfigError: a task that has no thresholds, an unknown class, or a number that is no threshold.
        """
        decisions, report = with_hand(self.decisions, self.report, self.schema, threshold)
        return replace(self, decisions=decisions, report=report)

    def save(self, folder: str | Path) -> Predictor:
        """Write the run to `folder` and return it as opened from there."""
        RunFolder(path := Path(folder).expanduser()).save(self)
        return replace(self, folder=path)

    def serve(self, settings: object = None) -> None:
        """Answer over HTTP until Ctrl+C, under `ServeSettings`; see `torso.serve`."""
        import_module("torso.serving.server").serve(self, settings)  # a later layer

    def _asked(self, table: object, root: Roots, *, labels: bool = False) -> Asked:
        asked = ask(table, self.schema, self.config.data, root, strict=self.strict)
        if labels:
            require_labels(asked.table, self.schema)
        return asked

    def _learnt_from(self, asked: Asked, reading: Reading) -> tuple[str, ...]:
        """Return a sentence if the table holds rows that the run has learnt from."""
        if self.split is None or self.split.seen is None or asked.told:
            return ()
        return self.split.seen.told(asked.table, self.schema, reading.options, self.split.learnt)

    def _reading(self, asked: Asked) -> Reading:
        return reading_of(asked, self.config.data, strict=self.strict)

    def _answers(
        self, table: Table, reading: Reading, batch_size: int, *, targets: bool
    ) -> tuple[Dataset, Answers]:
        dataset = self.schema.dataset(table, reading, targets=targets, sizes=self.config.sizes)
        return dataset, self.answers(table, dataset, batch_size)

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
        predictions = answers.predictions(self.model, self._replayed.heads)
        said = decided(self.schema, self.decisions, predictions)
        columns = self.schema.columns
        return answer_columns({task: columns(task, table, *both) for task, both in said.items()})
