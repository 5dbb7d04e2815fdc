"""`torso.distill`: one small network that answers as a run of several networks and plain models does.

The student learns from answers, so the table needs no labels. In each epoch, labels are drawn anew from what the run
states about a row: a class by its probability, a number from its normal distribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from torso.cache.store import cache_root
from torso.columns.dataset import Dataset
from torso.columns.loader import gather
from torso.columns.reading import Reading, ReadLog, ReadOptions
from torso.columns.splits import Split, group_ids
from torso.core.arguments import check_is
from torso.core.errors import ConfigError, DataError
from torso.evaluation.wording import estimate_text
from torso.progress.watching import watched
from torso.runs.blending.half import with_plain
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.seen_rows import SeenRows
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.predicting.prediction import row_ranges, skipped_notes
from torso.runs.predicting.predictor import Predictor
from torso.runs.preparing.prepared import Prepared, Rows
from torso.runs.settings.config import RunConfig
from torso.runs.train import train_run
from torso.tables.table import Table, read_table
from torso.tasks import words_of
from torso.training import Epoch, Listener, Listeners, Prediction, answer, encode_frozen

__all__ = ["distill"]

_KINDS = ("binary", "category", "multilabel", "number", "ordinal")
_HELD_OUT = 0.1
"""Share of the rows that decides when to stop."""


def distill(
    run: Predictor,
    table: object,
    *,
    root: str | Path | Sequence[str | Path] = (),
    out: str | Path | None = None,
    overwrite: bool = False,
    listener: Listener | None = None,
) -> Predictor:
    """Train one network on the answers of a run, and return it as a run of its own.

    Hinton, Vinyals & Dean 2015, "Distilling the knowledge in a neural network" (https://arxiv.org/abs/1503.02531).
    Differs: labels are drawn from the answers, anew in each epoch, so every head learns them by its own likelihood.

    Args:
        run: the teacher.
        table: rows to learn from, as for `Predictor.predict`; of the table that the run was fitted on, its test rows are
            kept aside, and both are scored on them.
        root: folders or zips that file columns are relative to.
        out: folder of the new run; None keeps it in memory.
        overwrite: replace a finished run in `out`.
        listener: is told what happens; default: a bar in a terminal and in a notebook.

    Raises:
        ConfigError: a target that is no class, no yes or no, no label and no number.
        DataError: the table cannot be used.
        RunError: `out` holds a run or other files.
    """
    check_is("run", run, Predictor, "Open one: torso.load(FOLDER).")
    others = {
        task: kind.kind for task, kind in run.schema.targets.items() if kind.kind not in _KINDS
    }
    if others:
        raise ConfigError(
            f"A run can be distilled where its targets are of the kinds {', '.join(_KINDS)}. Found {others}."
        )
    folder = None if out is None else RunFolder(Path(out).expanduser())
    if folder is not None:
        folder.check_free(overwrite=overwrite)
    with watched(listener) as told:
        prepared, draws = _prepare(run, table, root, told)
        for note in prepared.notes:
            told.noted(note)
        return train_run(prepared, prepared.config, folder, Listeners([draws, told]))


class _Draws(Listener):
    """Draws the labels of some rows anew after each epoch.

    Args:
        run: the teacher.
        said: task -> its predictions, a row each.
        rows: of the training; the others keep their first labels.
        seed: of the draws.
    """

    def __init__(
        self, run: Predictor, said: Mapping[str, Prediction], rows: np.ndarray, seed: int
    ) -> None:
        self.run, self.said, self.rows = run, said, rows
        self._rng = np.random.default_rng([seed, 11])
        self.labels = {task: self._drawn(task) for task in said}

    def epoch_done(self, epoch: Epoch) -> None:
        """Replace the labels in their place, where the loader reads them."""
        del epoch
        for task, labels in self.labels.items():
            labels[self.rows] = self._drawn(task)[self.rows]

    def _drawn(self, task: str) -> np.ndarray:
        value, details = self.said[task]
        kind = self.run.schema.targets[task]
        like = kind.missing(len(value))
        if self.run.model.heads[task].statement == "classes":
            steps = value.cumsum(axis=1)
            level = self._rng.random((len(value), 1)) * steps[:, -1:]
            drawn = np.minimum((level > steps).sum(axis=1), value.shape[1] - 1)
        elif kind.kind == "number":
            drawn = value + details.get("spread", 0.0) * self._rng.standard_normal(value.shape)
        else:
            drawn = self._rng.random(value.shape) < value
        return np.asarray(drawn, dtype=like.dtype).reshape(like.shape)


def _prepare(
    run: Predictor,
    table: object,
    root: str | Path | Sequence[str | Path],
    listener: Listener,
) -> tuple[Prepared, _Draws]:
    """Return the rows with drawn labels in training and validation and their own in the test, and the draws."""
    began = perf_counter()
    data = run.config.data
    source = read_table(table, missing=data.missing, settings=data.text)
    options = ReadOptions(
        folder=source.folder,
        root=[root] if isinstance(root, str | Path) else list(root),
        default_root=data.root,
        cache=cache_root(data.cache),
        on_error=data.on_error,
        most_skipped=data.most_skipped,
        progress=listener.preparing,
    )
    log = ReadLog()
    dataset = run.schema.dataset(source, Reading(options, log), sizes=run.config.sizes)
    split, scored = _split(run, source)
    said = _said(run, source, dataset)
    draws = _Draws(run, said, split.train, run.config.seed)
    drawn = replace(dataset, targets=draws.labels)
    config = _config(run, table)
    parts = {
        "training": Rows(source, drawn, split.train),
        "validation": Rows(source, drawn, split.validation),
        "test": Rows(source, dataset, split.test),
    }
    notes = (*source.notes, *skipped_notes(log.skipped), _scores(run, parts["test"], said, scored))
    prepared = Prepared(
        config=config,
        schema=run.schema,
        split=StoredSplit.of(source, split, SeenRows.of(source, split, run.schema, options)),
        parts=parts,
        baselines=run.baselines,
        cache=cache_root(data.cache),
        skipped=tuple(log.skipped),
        notes=notes,
        seconds=perf_counter() - began,
        settled=config,
        values=config.model_dump(),
    )
    return prepared, draws


def _config(run: Predictor, table: object) -> RunConfig:
    """Return the config of one network like the run's first."""
    path = str(table) if isinstance(table, str | Path) else None
    own = {"table": path, "validation": None, "test": None, "weight": None}
    alone = {
        "quality": "balanced",
        "budget": None,
        "folds": 0,
        "blend": "off",
        "refit": False,
        "start": None,
    }
    return run.config.model_copy(update={**alone, "data": run.config.data.model_copy(update=own)})


def _split(run: Predictor, table: Table) -> tuple[Split, bool]:
    """Return the run's test rows, if it was fitted on this table, the others drawn; and True if these are scored."""
    kept = np.array([], dtype=np.int64)
    if run.split is not None:
        with suppress(DataError):  # another table
            kept = run.split.for_table(table, "the run").test
    labelled = {*run.schema.label_columns()} & {*table.names}
    kept = kept if labelled else kept[:0]
    rows = np.setdiff1d(np.arange(table.rows), kept)
    held_out = max(1, round(_HELD_OUT * len(rows)))
    if len(rows) <= held_out:
        raise DataError(f"{table.name}: {len(rows)} rows are too few to learn from.")
    drawn = np.random.default_rng([run.config.seed, 7]).permutation(rows)
    split = Split(np.sort(drawn[held_out:]), np.sort(drawn[:held_out]), kept)
    return split, len(kept) > 0


def _said(run: Predictor, table: Table, dataset: Dataset) -> dict[str, Prediction]:
    dataset = encode_frozen(run.model, dataset, run.config.training.precision)
    batches = (gather(dataset, rows) for rows in row_ranges(table.rows, 256))
    answers = answer(run.model, batches, run.config.training.precision)
    if run.plain is not None:
        heads = dict(run.model.heads.pairs())
        outputs = with_plain(run.plain, heads, answers.outputs, run.schema, table, dataset)
        answers = replace(answers, outputs=outputs)
    return replace(answers, targets={}).predictions(run.model)


def _scores(run: Predictor, kept: Rows, said: Mapping[str, Prediction], scored: bool) -> str:
    """Return the teacher's scores on the kept rows as a note."""
    if not scored:
        return (
            "Distilled: no row is both labelled and kept aside by the run, so the scores say how well the network agrees "
            "with answers drawn from the run's. Give the table that the run was fitted on for scores on its test rows."
        )
    groups = group_ids(kept.table, run.config.data.split.group)
    reports = run.scorer(
        {
            task: Prediction(
                value[kept.rows], {name: detail[kept.rows] for name, detail in details.items()}
            )
            for task, (value, details) in said.items()
        },
        {task: target[kept.rows] for task, target in kept.dataset.targets.items()},
        groups=None if groups is None else groups[kept.rows],
    )
    figures = [
        f"{task} {words_of(report.kind).get(report.headline, report.headline)} "
        f"{estimate_text(report.metrics[report.headline])}"
        for task, report in reports.items()
    ]
    return f"Distilled: on the same {len(kept.rows)} kept rows, the run itself reaches {'; '.join(figures)}."
