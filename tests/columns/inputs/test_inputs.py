"""What holds for every kind of input, by name; nothing to be added for a new one but its example."""

import json

import numpy as np
import pytest

from tests import small_tables as tables
from tests import videos
from torso.columns.inputs import Input
from torso.columns.reading import Reading
from torso.tables.table import read_table

EXAMPLES = {
    "audio": [tables.wav(200), None, tables.wav(300)],
    "binary": ["yes", None, "no"],
    "category": ["a", None, "b"],
    "datetime": ["2024-01-01", None, "2024-06-01"],
    "image": [tables.png(), None, tables.png((0, 0, 0))],
    "name": ["Ann Lee", None, "Bo Lee"],
    "number": [1.5, None, -2.0],
    "sequence": [[[1.0, 2.0]], None, [[3.0, 4.0], [5.0, 6.0]]],
    "set": ["a|b", None, "b|c"],
    "text": ["a word", None, "some more words"],
    "vector": [[1.0, 2.0], None, [3.0, 4.0]],
    "video": [videos.mp4(videos.grey([9, 200])), None, videos.mp4(videos.grey([5]))],
}
FAR = {
    "binary": "neither",
    "category": "unseen",
    "datetime": "9000-01-01",
    "name": "日本語 \N{PILE OF POO}" * 99,
    "number": 1e300,
    "sequence": [[1e30, -1e30]],
    "set": "unseen|" * 99,
    "text": "日本語 \N{PILE OF POO}",
    "vector": [1e30, float("inf")],
}
ROWS = np.arange(3)


def column(values):
    return read_table({"x": values}).column("x")


def fitted(name):
    kind = Input.registry.build(name)
    kind.fit(column(EXAMPLES[name]))
    return kind


@pytest.fixture(params=sorted(Input.registry))
def name(request):
    return request.param


def test_every_kind_has_an_example():
    assert sorted(EXAMPLES) == list(Input.registry)


def test_rows_in_rows_out_and_a_missing_cell_is_masked(name):
    values, mask = fitted(name).source(column(EXAMPLES[name]), Reading()).batch(ROWS)
    assert len(values) == 3
    assert values.shape[: mask.ndim] == mask.shape
    assert mask.reshape(3, -1).any(axis=1).tolist() == [True, False, True]
    assert np.isfinite(values).all()
    assert values.dtype in (np.uint8, np.int64, np.float16, np.float32)


def test_a_row_is_laid_out_alike_in_any_company(name):
    source = fitted(name).source(column(EXAMPLES[name]), Reading())
    whole, mask = source.batch(ROWS)
    for row in ROWS:
        alone, there = source.batch(np.array([row]))
        steps = alone.shape[1] if alone.ndim > 1 else None
        np.testing.assert_array_equal(alone[0], whole[row][:steps])
        np.testing.assert_array_equal(there[0], mask[row][:steps] if mask.ndim > 1 else mask[row])


def test_state_is_json_and_restores(name):
    kind = fitted(name)
    other = Input.registry.build(name)
    other.restore(json.loads(json.dumps(kind.state(), allow_nan=False)))
    assert other.state() == kind.state()
    assert other.offered() == kind.offered()
    for left, right in zip(
        kind.source(column(EXAMPLES[name]), Reading()).batch(ROWS),
        other.source(column(EXAMPLES[name]), Reading()).batch(ROWS),
        strict=True,
    ):
        np.testing.assert_array_equal(left, right)


def test_a_column_without_any_value(name):
    kind = fitted(name)
    values, mask = kind.source(column([None, None]), Reading()).batch(np.arange(2))
    assert len(values) == 2
    assert not mask.any()
    empty = Input.registry.build(name)
    empty.fit(column([None, None]))
    _, mask = empty.source(column([None, None]), Reading()).batch(np.arange(2))
    assert not mask.any()


@pytest.mark.parametrize("name", sorted(FAR))
def test_a_wild_cell_gives_finite_values_and_spoils_no_other(name):
    kind = fitted(name)
    before, _ = kind.source(column(EXAMPLES[name][:1]), Reading()).batch(np.array([0]))
    values, _ = kind.source(column([FAR[name], EXAMPLES[name][0]]), Reading()).batch(np.arange(2))
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values[1][: before.shape[1]], before[0])
