"""Cells as numpy: what is read, and what is said about a cell that cannot be."""

import numpy as np
import pyarrow as pa
import pytest

from torso.columns import cells
from torso.columns.reading import Reading, ReadOptions
from torso.core.errors import DataError
from torso.tables.table import read_table

STRICT = Reading(ReadOptions(on_error="fail"))


def column(values, **types):
    return read_table({"x": pa.array(values, **types) if types else values}).column("x")


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, None],
        [1.0, 0.0, None],
        [True, False, None],
        ["1", " 0 ", ""],
        ["1.0", "0e3", "n/a"],
        ["+1", "-0", "NaN"],
    ],
)
def test_numbers_of_every_type(values):
    np.testing.assert_array_equal(cells.numbers(column(values)), [1.0, 0.0, np.nan])


def test_numbers_of_nothing():
    assert np.isnan(cells.numbers(column([None, None]))).all()


@pytest.mark.parametrize(
    "values,row,found",
    [
        (["1", "x", "2"], 2, "'x'"),
        ([None, "1,5,2"], 2, "'1,5,2'"),
        (["0x1"], 1, "'0x1'"),
        (["1", "1_00"], 2, "'1_00'"),
    ],
)
def test_a_cell_that_is_no_number_is_named(values, row, found):
    assert np.isnan(cells.numbers(column(values))[row - 1])
    with pytest.raises(
        DataError, match=rf"<frame>, row {row}, column 'x': expected a number, found {found}"
    ):
        cells.numbers(column(values), STRICT)


@pytest.mark.parametrize("read", [cells.numbers, cells.vectors, cells.texts])
def test_a_column_of_the_wrong_type(read):
    with pytest.raises(DataError, match="row 1, column 'x': expected"):
        read(column([b"\xff\xfe bytes"]))


def test_the_row_is_that_of_the_table_as_it_was_read():
    taken = read_table({"x": ["1", "2", "3", "bad"]}).take(np.array([3, 0])).take(np.array([1, 0]))
    with pytest.raises(DataError, match="row 4"):
        cells.numbers(taken.column("x"), STRICT)
    pieces = list(read_table({"x": ["1", "2", "3", "bad"]}).pieces(3))
    assert [piece.rows for piece in pieces] == [3, 1]
    with pytest.raises(DataError, match="row 4"):
        cells.numbers(pieces[1].column("x"), STRICT)


@pytest.mark.parametrize(
    "values",
    [
        [1, None, 20],
        [1.0, None, 20.0],
        ["1", None, "20"],
        pa.array(["1", None, "20"]).dictionary_encode(),
    ],
)
def test_one_value_has_one_name(values):
    assert cells.texts(column(values)).to_pylist() == ["1", None, "20"]


@pytest.mark.parametrize("values", [[True, False], ["True", "FALSE"], ["true", "false"]])
def test_a_truth_has_one_name(values):
    assert cells.texts(column(values)).to_pylist() == ["true", "false"]


def test_texts_keep_what_they_say():
    values = ["007", "1.50", "ü", "Trueish"]
    assert cells.texts(column(values)).to_pylist() == values
    assert cells.texts(column([1.5, 1e300, float("inf")])).to_pylist()[0] == "1.5"


@pytest.mark.parametrize("values", [[[1, 2.5], None], ["[1, 2.5]", None]])
def test_vectors_as_lists_and_as_json(values):
    found, present = cells.vectors(column(values))
    np.testing.assert_array_equal(found, [[1, 2.5], [np.nan, np.nan]])
    assert present.tolist() == [True, False]


@pytest.mark.parametrize(
    "values,row,problem",
    [
        ([[1, 2], [1, 2, 3]], 2, r"expected a list of 2 numbers, found '\[1, 2, 3\]'"),
        (["[1, 2]", "[1, x]"], 2, "expected a list of 2 numbers"),
        (["[1, 2]", '["a", "b"]'], 2, "expected a list of 2 numbers"),
        (["5"], 1, "expected a list of"),
    ],
)
def test_a_vector_that_is_none_is_named(values, row, problem):
    with pytest.raises(DataError, match=rf"row {row}, column 'x': {problem}"):
        cells.vectors(column(values), STRICT)


def test_sequences_are_cut_and_empty_ones_are_missing():
    found = cells.sequences(column([[[1, 2], [3, 4], [5, 6]], [], None, [[7, 8]]]), most=2)
    np.testing.assert_array_equal(found[0], [[1, 2], [3, 4]])
    assert found[1] is found[2] is None
    np.testing.assert_array_equal(found[3], [[7, 8]])
    with pytest.raises(DataError, match=r"row 2.*expected a list of steps of 2 numbers"):
        cells.sequences(column(["[[1, 2]]", "[[1, 2, 3]]"]), STRICT, most=9)
    gap = cells.sequences(column(["[[1, 2], null]"]))[0]
    np.testing.assert_array_equal(gap, [[1, 2], [np.nan, np.nan]])
