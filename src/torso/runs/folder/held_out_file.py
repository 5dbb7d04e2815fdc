"""The answers to held-out rows in a run's folder: `held_out.parquet`, a row per held-out row.

Arrays of several numbers a row are lists of fixed length. The file's metadata say the shape and the task of each column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from torso.core.errors import RunError
from torso.core.whole_files import whole_file
from torso.evaluation.weighted import Array
from torso.runs.folder.json_files import Json
from torso.runs.report.held_out import HeldOut, TaskAnswers

__all__ = ["HELD_OUT", "read_held_out", "write_held_out"]

HELD_OUT = "held_out.parquet"


def write_held_out(folder: Path, held_out: HeldOut | None) -> None:
    """Write the answers, or remove those of an earlier run."""
    file = folder / HELD_OUT
    if held_out is None:
        file.unlink(missing_ok=True)
        return
    columns = _Columns()
    columns.add("row", held_out.rows)
    if held_out.groups is not None:
        columns.add("group", held_out.groups)
    present = {name: columns.add(f"has {name}", has) for name, has in held_out.present.items()}
    about = {
        "split": held_out.split,
        "table_rows": held_out.table_rows,
        "grouped": held_out.groups is not None,
        "digests": dict(held_out.digests),
        "present": present,
        "tasks": {task: columns.of_task(task, own) for task, own in held_out.tasks.items()},
        "plain": {
            task: columns.of_task(f"{task} by plain models", own)
            for task, own in held_out.plain.items()
        },
    }
    about["shapes"] = columns.shapes
    table = pa.Table.from_arrays(columns.arrays, names=columns.names)
    table = table.replace_schema_metadata({"torso": json.dumps(about)})
    with whole_file(file) as draft:
        parquet.write_table(table, draft, compression="zstd")


def read_held_out(folder: Path, baselines: Mapping[str, Mapping[str, object]]) -> HeldOut | None:
    """Return the answers; None if an earlier version wrote the run.

    Args:
        folder: of the run.
        baselines: task -> state of its predictor without inputs.

    Raises:
        RunError: the file is damaged.
    """
    file = folder / HELD_OUT
    if not file.exists():
        return None
    try:
        table = parquet.read_table(file)
        about = json.loads((table.schema.metadata or {})[b"torso"])
        arrays = [
            _array(column, shape)
            for column, shape in zip(table.columns, about["shapes"], strict=True)
        ]
        return HeldOut(
            split=about["split"],
            rows=arrays[0],
            table_rows=about["table_rows"],
            tasks=_answers(about["tasks"], arrays, baselines),
            groups=arrays[1] if about["grouped"] else None,
            present={name: arrays[at] for name, at in about["present"].items()},
            digests=about["digests"],
            plain=_answers(about.get("plain", {}), arrays, baselines),
        )
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise RunError(f"{file} is damaged: {error!r}.") from None


def _answers(
    about: Json, arrays: list[Array], baselines: Mapping[str, Mapping[str, object]]
) -> dict[str, TaskAnswers]:
    """Return task -> its answers.

    Args:
        about: task -> the positions of its arrays, with the facts beside them.
        arrays: of the file.
        baselines: task -> state of its predictor without inputs.
    """
    return {
        task: TaskAnswers(
            kind=own["kind"],
            truth=_at(arrays, own["truth"]),
            answer=_at(arrays, own["answer"]),
            details={name: arrays[at] for name, at in own["details"].items()},
            level=own["level"],
            names=tuple(own["names"]),
            baseline=baselines.get(task, {}),
            metrics={name: arrays[at] for name, at in own["metrics"].items()},
        )
        for task, own in about.items()
    }


class _Columns:
    """Columns of the file under way."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.arrays: list[pa.Array] = []
        self.shapes: list[list[int]] = []

    def add(self, name: str, array: Array) -> int:
        """Add an array and return its position; names of tasks and modalities may make two names equal."""
        inner = list(array.shape[1:])
        width = int(np.prod(inner)) if inner else 1
        flat = pa.array(np.ascontiguousarray(array).reshape(-1))
        if not width:
            flat = pa.nulls(len(array))
        elif inner:
            flat = pa.FixedSizeListArray.from_arrays(flat, width)
        while name in self.names:
            name += "_"
        self.names.append(name)
        self.arrays.append(flat)
        self.shapes.append(inner)
        return len(self.names) - 1

    def of_task(self, task: str, own: TaskAnswers) -> dict[str, object]:
        """Add the arrays of a task and return the positions, with the facts beside them."""
        return {
            "kind": own.kind,
            "level": own.level,
            "names": list(own.names),
            "truth": self._large(f"{task} truth", own.truth, own.whole),
            "answer": self._large(f"{task} answer", own.answer, own.whole),
            "details": {
                name: self.add(f"{task} {name}", values) for name, values in own.details.items()
            },
            "metrics": {
                name: self.add(f"{task} {name} of the row", values)
                for name, values in own.metrics.items()
            },
        }

    def _large(self, name: str, array: Array, kept: bool) -> int | None:
        return self.add(name, array) if kept else None


def _at(arrays: list[Array], at: int | None) -> Array:
    """Return the array at a position; an empty one where it was too large to keep."""
    return np.zeros(0) if at is None else arrays[at]


def _array(column: pa.ChunkedArray, inner: list[int]) -> Array:
    """Return a column as an array `[rows, *inner]`."""
    if 0 in inner:
        return np.zeros((len(column), *inner))
    whole = column.combine_chunks()
    flat = whole.flatten() if inner else whole
    values: Array = flat.to_numpy(zero_copy_only=False)
    return values.reshape(len(column), *inner)
