"""Answers of a run as JSON: per row its tasks, the modalities that it lacks, and the certificate of that pattern."""

from __future__ import annotations

import base64
import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from torso.serving.certificates import Certificates
from torso.serving.values import Json, JsonValue

__all__ = ["Answered", "answers_of", "json_value"]

_PROBABILITY = "probability_"


@dataclass(frozen=True)
class Answered:
    """Answers to the rows of a request.

    Attributes:
        answers: one per row, JSON values.
        notes: sentences on cells that counted as missing.
    """

    answers: Sequence[Json]
    notes: tuple[str, ...] = ()


def answers_of(
    columns: pa.Table,
    present: Mapping[str, NDArray[np.bool_]],
    kinds: Mapping[str, str],
    certificates: Certificates,
) -> list[Json]:
    """Return the answers to all rows.

    Args:
        columns: of the answers, as a run names them.
        present: modality -> bool `[rows]`: the row has it.
        kinds: task -> kind of its target.
        certificates: of the run.
    """
    names = tuple(columns.column_names)
    tasks = [_filled(columns, task, own) for task, own in _by_task(names, tuple(kinds)).items()]
    modalities = sorted(present)
    gaps = zip(*(present[name].tolist() for name in modalities), strict=True)
    answers = []
    for row, there in enumerate(gaps):
        absent = tuple(name for name, has in zip(modalities, there, strict=True) if not has)
        said = {task: {"kind": kinds[task], **_of_row(own, row)} for task, own in tasks}
        answers.append(
            {"tasks": said, "missing": list(absent), "certificate": certificates.of(absent)}
        )
    return answers


@dataclass(frozen=True)
class _TaskColumns:
    """The cells of a task's answers: detail -> a value per row, and class or label -> its probability per row."""

    details: Mapping[str, list[JsonValue]]
    probabilities: Mapping[str, list[JsonValue]]


@lru_cache(maxsize=64)
def _by_task(names: tuple[str, ...], tasks: tuple[str, ...]) -> dict[str, list[tuple[str, str]]]:
    """Return task -> pairs of detail and column; the value itself is the detail `answer`.

    >>> _by_task(("ink", "ink_low", "ink_pot"), ("ink", "ink_pot"))
    {'ink': [('answer', 'ink'), ('low', 'ink_low')], 'ink_pot': [('answer', 'ink_pot')]}
    """
    longest_first = sorted(tasks, key=len, reverse=True)
    columns: dict[str, list[tuple[str, str]]] = {task: [] for task in tasks}
    for name in names:
        if name in columns:
            columns[name].append(("answer", name))
            continue
        task = next(task for task in longest_first if name.startswith(f"{task}_"))
        detail = name.removeprefix(task).lstrip("_")
        columns[task].append((detail, name))
    return columns


def _filled(
    columns: pa.Table, task: str, own: Sequence[tuple[str, str]]
) -> tuple[str, _TaskColumns]:
    details, probabilities = {}, {}
    for detail, name in own:
        values = _values(columns.column(name))
        if detail.startswith(_PROBABILITY):
            probabilities[detail.removeprefix(_PROBABILITY)] = values
        else:
            details[detail] = values
    return task, _TaskColumns(details, probabilities)


def _values(column: pa.ChunkedArray) -> list[JsonValue]:
    """Return a column as JSON values."""
    values: list[JsonValue] = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [each if each is not None and math.isfinite(each) else None for each in values]
    plain = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
    if plain or pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return values
    return [json_value(value) for value in values]


def _of_row(own: _TaskColumns, row: int) -> Json:
    said = {detail: values[row] for detail, values in own.details.items()}
    if own.probabilities:
        said["probabilities"] = {name: values[row] for name, values in own.probabilities.items()}
    return said


def json_value(value: object) -> object:
    """Return a cell as JSON has it: moments in ISO 8601, bytes in base64, null for numbers that are not finite.

    >>> json_value([float("nan"), b"a", datetime.date(2024, 5, 6)])
    [None, 'YQ==', '2024-05-06']
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): json_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
