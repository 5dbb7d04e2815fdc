"""Cells of each kind, drawn by Hypothesis: in a table in memory, fitted, laid out, and read again from their state."""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from torso.columns.inputs import Input
from torso.columns.reading import Reading
from torso.runs.schema.columns import infer_columns
from torso.tables.table import Column, read_table
from torso.tasks import Labels, Target

from .border import ALLOWED, Border
from .changes import drawn

__all__ = ["CELLS"]

_ROWS = 6
_WORDS = st.sampled_from(
    [
        *(
            "",
            " ",
            "a",
            "b",
            "NA",
            "?",
            "-",
            "yes",
            "no",
            "a|b",
            "a, b;c",
            "1",
            "-1",
            "1.5",
            "1,5",
            "1e400",
            "²",
            "½",
            "--5",
        ),
        *(
            "1st",
            "20-30",
            "€ 5",
            "12 %",
            "3 kg",
            "1 000",
            "٣",
            "0x1F",
            "2024-01-31",
            "31.12.24",
            "9999-99-99",
            "24:61",
        ),
        *(
            "12/25/2020 10:00 PM",
            "Jan 5",
            "[1, 2]",
            "[[1], [2]]",
            "[[[",
            "[null]",
            "[1e999]",
            "{}",
            '{"a": 1}',
            '["x"]',
        ),
        *(
            "\x1b[31m",
            "\0",
            "\u202e",
            "\ud800",
            "x" * 300,
            "9" * 400,
            "9" * 5000,
            "[" * 3000 + "]" * 3000,
            "a.png",
            "../x",
        ),
        *(
            "O B-PER I-PER",
            '[[0, 0, 1, 1, "cat"]]',
            "[0, 0, 1]",
            "http://x",
            "true",
            "None",
            "nan",
            "inf",
            "-inf",
        ),
    ]
)
_TEXTS = st.one_of(_WORDS, _WORDS, st.text(max_size=12))
_NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.floats(),
    st.sampled_from([2**53 + 1, 2**63, -(2**63) - 1, 10**30, 10**400, 1e308, float("nan"), -0.0]),
)
_TIMES = st.one_of(
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.sampled_from([datetime.datetime.max, datetime.datetime.min, datetime.timedelta.max]),
)
_PLAIN: st.SearchStrategy[Any] = st.one_of(
    _TEXTS, _NUMBERS, st.booleans(), st.binary(max_size=8), _TIMES, st.decimals(), st.none()
)
_LISTS = st.one_of(
    st.lists(_NUMBERS, max_size=4),
    st.lists(st.lists(st.one_of(_NUMBERS, st.none()), max_size=3), max_size=3),
    st.lists(_TEXTS, max_size=3),
    st.lists(_PLAIN, max_size=3),
    st.dictionaries(_TEXTS, _PLAIN, max_size=2),
)
_ALIKE = st.sampled_from([_TEXTS, _NUMBERS, _TIMES, st.booleans(), _LISTS, st.binary(max_size=8)])
_COLUMNS = st.one_of(
    _ALIKE.flatmap(
        lambda cells: st.lists(st.one_of(cells, cells, st.none()), min_size=1, max_size=_ROWS)
    ),
    st.lists(st.one_of(_PLAIN, _LISTS), min_size=1, max_size=_ROWS),
)
"""Columns of cells of one sort, and of all sorts."""
_QUIET = settings(
    database=None, deadline=None, max_examples=1, suppress_health_check=[*HealthCheck]
)


def _input(name: str, cells: list[Any]) -> None:
    column = read_table({"x": cells}).column("x")
    kind = Input.registry.build(name)
    kind.fit(column)
    rows = np.arange(len(cells))
    state = json.loads(json.dumps(kind.state(), allow_nan=False))
    again = Input.registry.build(name)
    again.restore(state)
    for each in (kind, again):
        values, mask = each.source(column, Reading()).batch(rows)
        if (
            len(values) != len(cells)
            or not np.isfinite(values[mask] if mask.ndim == values.ndim else values).all()
        ):
            raise AssertionError(f"{values.shape} of {len(cells)} cells, or not finite")
    kind.stamps(column, Reading())


def _target(name: str, cells: list[Any]) -> None:
    column = _labels(read_table({"x": cells}).column("x"))
    kind = Target.registry.build(name)
    kind.fit(column)
    state = json.loads(json.dumps(kind.state(), allow_nan=False))
    again = Target.registry.build(name)
    again.restore(state)
    for each in (kind, again):
        if len(each.encode(column, Reading())) != len(cells):
            raise AssertionError(f"not {len(cells)} labels")


def _labels(column: Column) -> Labels:
    return Labels(**{name: getattr(column, name) for name in Column.__dataclass_fields__})


def _inspected(cells: list[Any]) -> None:
    table = read_table({"x": cells, "y": list(range(len(cells)))})
    values: dict[str, Any] = {"targets": {"y": {}} if len(cells) % 2 else {"x": {}}}
    infer_columns(table, values, add=True)


def _border(call: Callable[[list[Any]], None], share: float, folder: Path) -> Border:
    del folder

    refusals: list[BaseException] = []

    @_QUIET
    @given(_COLUMNS)
    def test(cells: list[Any]) -> None:
        try:
            call(cells)
        except ALLOWED as error:  # Hypothesis runs a test that failed a second time
            refusals.append(error)

    def drawn_case(case: bytes) -> None:
        refusals.clear()
        test.hypothesis.fuzz_one_input(case)
        if refusals:
            raise refusals[0]

    draw = random.Random(0)
    return Border(drawn_case, [draw.randbytes(400) for _ in range(20)], drawn(400), share)


# Labels of these lie along inputs or in files, which their targets are bound to; files are the decoders' borders.
_BOUND = ("caption", "map", "mask", "retrieval", "tags", "tracks")
_INPUTS = [name for name in Input.registry if not Input.registry.find(name).in_files]
_TARGETS = [name for name in Target.registry if name not in _BOUND]
CELLS: dict[str, Callable[[Path], Border]] = {
    **{f"input {name}": partial(_border, partial(_input, name), 0.5) for name in _INPUTS},
    **{f"target {name}": partial(_border, partial(_target, name), 0.5) for name in _TARGETS},
    "inspect": partial(_border, _inspected, 1.5),
}
