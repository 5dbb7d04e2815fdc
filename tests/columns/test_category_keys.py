"""One key for one value, whatever the format and the other cells."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torso.columns.category_keys import all_numbers, are_plain, keyed, spellings
from torso.columns.inputs import CategoryInput
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.inference.input_kinds import guess_input
from torso.inference.target_kinds import guess_target
from torso.runs.predicting.prediction import told
from torso.tables.table import Column, read_table
from torso.tasks.category.target import CategoryTarget


def column(values):
    return read_table({"x": values}).column("x")


def keys(values, *, numeric):
    return keyed(column(values), numeric=numeric).to_pylist()


@pytest.mark.parametrize(
    "values",
    [[1, 20, None], [1.0, 20.0, None], ["1", "20", ""], ["1.0", "+20", ""], ["1", "2e1", ""]],
)
def test_a_number_has_one_key_where_all_are_numbers(values):
    assert keys(values, numeric=True) == ["1", "20", None]


def test_text_is_what_it_says_where_not_all_are_numbers():
    assert keys(["1.10", "1.1", "x"], numeric=False) == ["1.10", "1.1", "x"]
    assert keys([1, 2], numeric=False) == keys([1.0, 2.0], numeric=False) == ["1", "2"]


@pytest.mark.parametrize("numeric", [False, True])
def test_truth_has_one_key(numeric):
    for values in ([True, False], ["true", "false"], ["TRUE", "False"]):
        assert keys(values, numeric=numeric) == ["true", "false"]


def test_long_ids_keep_every_digit():
    ids = [9007199254740993, 9007199254740992]
    assert keys(ids, numeric=True) == keys([str(i) for i in ids], numeric=True)
    assert len(set(keys(ids, numeric=True))) == 2


def test_the_most_frequent_spelling_answers():
    cells = column(["TRUE", "True", "TRUE", "MIXTURE", "1.0", "1.0", "1"])
    assert spellings(cells, numeric=False) == {
        "true": "TRUE", "MIXTURE": "MIXTURE", "1.0": "1.0", "1": "1"
    }  # fmt: skip
    assert spellings(column(["1.0", "1.0", "1", "2"]), numeric=True) == {"1": "1.0", "2": "2"}


VALUES = st.lists(
    st.one_of(
        st.none(),
        st.sampled_from(["007", "7", "7.0", "1e3", "True", "none", "a", "ä", "-0", "1.10"]),
        st.integers(-(10**6), 10**6).map(str),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
    ),
    min_size=1,
    max_size=12,
)


@given(VALUES)
def test_a_cell_alone_has_the_key_that_it_has_in_its_column(values):
    whole = Column("x", pa.array(values, pa.large_string()), "t")
    numeric = all_numbers(whole)
    together = keyed(whole, numeric=numeric).to_pylist()
    alone = [
        keyed(Column("x", whole.values.slice(row, 1), "t"), numeric=numeric).to_pylist()[0]
        for row in range(len(values))
    ]
    assert together == alone
    kind = CategoryInput()
    kind.fit(whole)
    if any(value is not None for value in values):
        ids = kind.source(whole, Reading()).values[:, 0]
        assert ((ids > 0) | whole.values.is_null().to_numpy(zero_copy_only=False)).all()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_a_float_and_its_text_have_one_key(numbers):
    texts = [repr(number) for number in numbers]
    assert keys(numbers, numeric=True) == keys(texts, numeric=True)
    small = [key for key in keys(numbers, numeric=True) if len(key) < 40]
    assert are_plain(small)
    assert all(
        math.isclose(float(key), n)
        for key, n in zip(keys(texts, numeric=True), numbers, strict=True)
    )


def test_runs_from_before_there_were_keys():
    kind = CategoryInput()
    kind.restore({"values": ["1", "2", "10"]})
    assert kind.numeric and kind.source(column(["2.0"]), Reading()).values.tolist() == [[2]]
    kind.restore({"values": ["1.0", "a"]})
    assert not kind.numeric


@pytest.mark.parametrize("written", [[True, False, None], [1, 0, None], ["1.0", "0.0", ""]])
@pytest.mark.parametrize("learned", [["TRUE", "FALSE"], [1, 0]])
def test_flags_are_one_value_as_truth_values_and_as_numbers(learned, written):
    kind, target = CategoryInput(most=2), CategoryTarget()
    for part in (kind, target):
        part.fit(column(learned))
    reading = Reading()
    assert np.array_equal(
        kind.source(column(written), reading).values[:2],
        kind.source(column(learned), reading).values,
    )
    assert (
        target.encode(column(written), reading)[:2] == target.encode(column(learned), reading)
    ).all()
    assert not reading.log.unseen and not reading.log.skipped


def test_values_that_training_rows_lack_are_told():
    kind, reading = CategoryInput(), Reading()
    kind.fit(column(["a", "b"]))
    kind.source(column(["a", "new", None, "other"]), reading)
    assert told(read_table({"x": ["a"]}), reading.log)[1] == (
        "2 cells of 'x' hold a value unseen in training, or rare; the first: row 2, 'new'",
    )


def test_versions_stay_what_they_say():
    cells = ["3.8", "3.9", "3.10", "3.11"] * 9
    for guess in (guess_input, guess_target):
        assert guess(Profile(column(cells))).kind == "category"
    target = CategoryTarget()
    target.fit(column([*cells, "3.1"]))
    assert set(target.names) == {"3.1", "3.8", "3.9", "3.10", "3.11"}
    assert guess_input(Profile(column(["1.9", "1.1", "2.25"] * 9))).kind == "number"
