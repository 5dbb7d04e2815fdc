"""Digests see every cell, and not how a column lies in memory."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from torso.tables.digests import column_digest

ARRAYS = [
    pa.array(["a", None, "bc", ""]),
    pa.array([b"a", None, b"bc"], pa.large_binary()),
    pa.array([1.5, None, float("nan")]),
    pa.array([True, None, False, True]),
    pa.array([[1, 2], None, [], [3]]),
    pa.array([["a", None], None, ["bc"]]),
    pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2)),
    pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]),
    pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    pa.array(["a", "b", None, "a"]).dictionary_encode(),
    pa.array([Decimal("1.2"), None, Decimal(3)]),
    pa.array([datetime.datetime(2020, 1, 1), None, datetime.datetime(2021, 1, 1)]),
]


@pytest.mark.parametrize("cells", ARRAYS, ids=lambda cells: str(cells.type))
def test_chunks_and_slices_leave_no_trace(cells):
    whole = column_digest(pa.chunked_array([cells]))
    for cut in range(len(cells) + 1):
        parts = pa.chunked_array([cells.slice(0, cut), cells.slice(cut)])
        assert column_digest(parts) == whole
    inside = pa.concat_arrays([cells, cells]).slice(len(cells))
    assert column_digest(pa.chunked_array([inside])) == whole
    turned = cells.take(pa.array([*range(len(cells))][::-1]))
    assert column_digest(pa.chunked_array([turned])) != whole


@given(*[some.lists(some.none() | some.text(max_size=2), max_size=4)] * 2)
def test_other_cells_give_another_digest(one, other):
    first, second = (pa.chunked_array([pa.array(cells, pa.string())]) for cells in (one, other))
    assert (column_digest(first) == column_digest(second)) == (one == other)


def test_bytes_below_a_null_do_not_count():
    hidden = pa.Array.from_buffers(
        pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(bytes(8) + b"anything")]
    )
    assert column_digest(pa.chunked_array([hidden])) == column_digest(pa.chunked_array([[0, None]]))
