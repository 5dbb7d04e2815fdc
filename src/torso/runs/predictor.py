"""What a user holds after `fit`: predict, evaluate, save, load. A run holds no pickle and no code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from torso._version import __version__
from torso.cache import cache_root
from torso.columns.dataset import Dataset
from torso.columns.loader import gather
from torso.columns.reading import Reading, ReadOptions
from torso.columns.splits import group_ids
from torso.core.errors import ConfigError, DataError, RunError
from torso.core.registry import no_imports
from torso.model.model import Model
from torso.runs.build import build_model
from torso.runs.config import RunConfig, read_config
from torso.runs.folder import read_json, write_json
from torso.runs.schema import Schema
from torso.tables.alike import alike
from torso.tables.table import Table, read_table
from torso.tasks import TaskReport, evaluate_task
from torso.training import Answers, Prediction, answer, choose_device
from torso.training.checkpoint import load_state, load_tensors, save_tensors

__all__ = ["FORMAT", "Predictor", "load"]

FORMAT = 1
_MOVED = {
    name: f"`run.{name}` has moved: `torso.Searcher(run).{name}`."
    for name in ("search", "collection", "asking")
}
_PIECE = 2048
"""Rows of a table whose files are in memory at once."""


class Predictor:
    """A trained model with all it needs to read a table and answer.

    Args:
        config: the complete config.
        schema: fitted on the training rows.
        model: trained.
        baselines: task -> what a predictor that sees no input learned from the training rows.
        metrics: content of `metrics.json`: the evaluation, rows and labels used, how training went.
        skipped: cells of the fit that counted as missing although they held something.

    Attributes:
        folder: where it was saved or opened; None before.
        last_skipped: such cells of the last `predict` or `evaluate`.
    """

    def __init__(
        self,
        config: RunConfig,
        schema: Schema,
        model: Model,
        baselines: Mapping[str, Mapping[str, Any]],
        metrics: Mapping[str, Any] | None = None,
        skipped: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.config = config
        self.schema = schema
        self.model = model.eval()
        self.baselines = dict(baselines)
        self.metrics: dict[str, Any] = dict(metrics or {})
        self.skipped = list(skipped)
        self.last_skipped: list[dict[str, Any]] = []
        self.folder: Path | None = None

    def __getattr__(self, name: str) -> Any:
        """Name the new spelling of what has moved."""
        raise AttributeError(_MOVED.get(name) or f"A Predictor has no attribute {name!r}.")

    @property
    def reports(self) -> dict[str, TaskReport]:
        """Task -> its report on the held-out rows of `fit`."""
        return {
            task: TaskReport.from_dict(saved)
            for task, saved in self.metrics.get("tasks", {}).items()
        }

    def predict(
        self,
        table: Any,
        *,
        root: str | Path | Sequence[str | Path] = (),
        keep: Sequence[str] = (),
        batch_size: int = 256,
        as_arrow: bool = False,
    ) -> Any:
        """Answer for every row.

        Args:
            table: path, pandas or polars frame, Arrow table, list of row mappings; target columns are not
                needed and not read.
            root: folders or zips that file columns are relative to, instead of those in `run.yaml`.
            keep: columns of `table` to put before the answers.
            batch_size: rows that the model sees at once.
            as_arrow: return an Arrow table, whatever was given.

        Returns:
            A table of the kind that was given (a pandas frame for paths and lists), one row per row, in the
            same order. Per task: the value; `<task>_probability` and one column per class, or
            `<task>_spread`, `<task>_low` and `<task>_high`.

        Raises:
            DataError: a trained column is absent, a cell cannot be read, too many files are unreadable.
        """
        source = self._table(table)
        columns = {name: source.column(name).values for name in keep}
        reading = self._reading(source, root)
        parts = [
            self._columns(piece, self._answers(piece, reading, batch_size, targets=False)[1])
            for piece in source.pieces(_PIECE)
        ]
        self._finish(reading)
        for name in parts[0]:
            if name in columns:
                raise ConfigError(
                    f"`keep` names {name!r}, which a column of answers is called too. Rename it in the table."
                )
            columns[name] = pa.concat_arrays([part[name] for part in parts])
        answers_table = pa.table(columns)
        return answers_table if as_arrow else alike(table, answers_table)

    def evaluate(
        self,
        table: Any,
        *,
        root: str | Path | Sequence[str | Path] = (),
        resamples: int = 1000,
        batch_size: int = 256,
    ) -> dict[str, TaskReport]:
        """Compare with the table's labels.

        Args:
            table: as for `predict`, with target columns; one that is absent has no labels.
            root: folders or zips that file columns are relative to, instead of those in `run.yaml`.
            resamples: of the bootstrap behind each interval; whole groups where the run was split by group.
            batch_size: rows that the model sees at once.

        Returns:
            Task -> report.
        """
        source = self._labelled(table)
        reading = self._reading(source, root)
        answers = [
            self._answers(piece, reading, batch_size, targets=True)
            for piece in source.pieces(_PIECE)
        ]
        self._finish(reading)
        predictions = [answer_.predictions(self.model) for _, answer_ in answers]
        return self.compare(
            {task: _joined([part[task] for part in predictions]) for task in self.schema.targets},
            {
                task: np.concatenate([dataset.targets[task] for dataset, _ in answers])
                for task in self.schema.targets
            },
            groups=group_ids(source, self.config.data.split.group),
            resamples=resamples,
        )

    def labelled(self, table: Any, *, root: str | Path | Sequence[str | Path] = ()) -> Dataset:
        """Return a table laid out with its labels, each file decoded once, to go through it several times.

        Args:
            table: as for `evaluate`.
            root: as for `evaluate`.
        """
        source = self._labelled(table)
        cache = cache_root(self.config.data.cache)
        options = self._reading(source, root).options
        reading = Reading(replace(options, cache=cache, in_pieces=False))
        dataset = self.schema.dataset(source, reading)
        self._finish(reading)
        return dataset

    def compare(
        self,
        predictions: Mapping[str, Prediction],
        truths: Mapping[str, np.ndarray],
        *,
        groups: np.ndarray | None = None,
        resamples: int = 1000,
    ) -> dict[str, TaskReport]:
        """Return one report per task from predictions and truths, side by side with the baseline."""
        return {
            task: evaluate_task(
                kind.kind,
                kind.compared(predictions[task].value),
                kind.compared(truths[task]),
                self.baselines[task],
                details=predictions[task].details,
                level=self.model.heads[task].level,
                names=kind.names,
                groups=groups,
                resamples=resamples,
                seed=self.config.seed,
            )
            for task, kind in self.schema.targets.items()
        }

    def save(self, folder: str | Path) -> None:
        """Write the run: `run.yaml`, `model.safetensors`, and JSON for all else."""
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        (path / "run.yaml").write_text(self.config.to_yaml(), encoding="utf-8")
        described = {"format": FORMAT, "torso": __version__}
        write_json(
            path / "schema.json",
            {**described, "inputs": self.config.inputs, "targets": self.config.targets},
        )
        for name, content in self.schema.state().items():
            write_json(path / f"{name}.json", content)
        write_json(path / "metrics.json", {**self.metrics, "baselines": self.baselines})
        lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in self.skipped]
        (path / "skipped.jsonl").write_text("".join(lines), encoding="utf-8")
        save_tensors(path / "model.safetensors", self.model.state_dict())
        self.folder = path

    def _table(self, table: Any) -> Table:
        if isinstance(table, Mapping) and not any(
            isinstance(value, list | tuple | np.ndarray) or hasattr(value, "dtype")
            for value in table.values()
        ):
            table = [table]  # one row
        return read_table(table, missing=self.config.data.missing)

    def _labelled(self, table: Any) -> Table:
        source = self._table(table)
        if not any(
            set(self.schema.label_columns([one])) <= {*source.names} for one in self.schema.targets
        ):
            raise DataError(
                f"{source.name}: no target column to compare with. Expected some of {self.schema.label_columns()}."
            )
        return source

    def _reading(self, table: Table, root: str | Path | Sequence[str | Path]) -> Reading:
        data = self.config.data
        return Reading(
            ReadOptions(
                folder=table.folder,
                root=[root] if isinstance(root, str | Path) else list(root),
                default_root=data.root,
                on_error=data.on_error,
                most_skipped=data.most_skipped,
                in_pieces=True,
            )
        )

    def _finish(self, reading: Reading) -> None:
        self.last_skipped = [one.to_dict() for one in reading.log.skipped]
        reading.check()

    def _answers(
        self, table: Table, reading: Reading, batch_size: int, *, targets: bool
    ) -> tuple[Dataset, Answers]:
        dataset = self.schema.dataset(table, reading, targets=targets)
        batches = (gather(dataset, rows) for rows in _ranges(table.rows, batch_size))
        return dataset, answer(self.model, batches, self.config.training.precision)

    def _columns(self, table: Table, answers: Answers) -> dict[str, pa.Array]:
        columns: dict[str, pa.Array] = {}
        for task, (prediction, details) in answers.predictions(self.model).items():
            own = self.schema.columns(task, table, prediction, details)
            twice = sorted(own.keys() & columns.keys())
            if twice:
                raise ConfigError(
                    f"Two targets give answer columns of one name, {twice}. Rename the target {task!r} in the "
                    "table and fit again."
                )
            columns |= own
        return columns


def load(folder: str | Path, *, device: str = "auto", trust_code: bool = False) -> Predictor:
    """Open a saved run.

    Args:
        folder: what `fit` or `Predictor.save` wrote, here or elsewhere.
        device: `auto`, `cpu`, `cuda`, ...
        trust_code: whether parts that the run names by an import path may be imported. Nothing else in a
            run can make code run.

    Raises:
        RunError: the folder is no run, is damaged, or was written by a newer version.
    """
    path = Path(folder)
    schema_file = read_json(path / "schema.json")
    absent = [key for key in ("format", "inputs", "targets") if key not in schema_file]
    if absent:
        raise RunError(f"{path / 'schema.json'} is damaged: it lacks {absent}.")
    if schema_file["format"] > FORMAT:
        raise RunError(
            f"{path} was written by Torso {schema_file.get('torso')} (format {schema_file['format']}), this is "
            f"{__version__} (format {FORMAT}). Update Torso."
        )
    config = RunConfig.parse(read_config(path / "run.yaml"), str(path / "run.yaml"))
    with nullcontext() if trust_code else no_imports(), torch.random.fork_rng(devices=[]):
        schema = Schema(schema_file["inputs"], schema_file["targets"])
        state = {name: read_json(path / f"{name}.json") for name in ("vocabulary", "statistics")}
        try:
            schema.restore(state)
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{path}: vocabulary.json or statistics.json lacks {error}.") from None
        model = build_model(config, schema)
    load_state(model, load_tensors(path / "model.safetensors"), path)
    metrics = read_json(path / "metrics.json")
    baselines = metrics.pop("baselines", {})
    predictor = Predictor(config, schema, model.to(choose_device(device)), baselines, metrics)
    predictor.folder = path
    return predictor


def _joined(parts: Sequence[Prediction]) -> Prediction:
    """Return the answers to pieces of a table as one."""
    return Prediction(
        np.concatenate([part.value for part in parts]),
        {name: np.concatenate([part.details[name] for part in parts]) for name in parts[0].details},
    )


def _ranges(rows: int, size: int) -> Iterator[np.ndarray]:
    for start in range(0, rows, size):
        yield np.arange(start, min(start + size, rows))
