"""Every type of pandas, polars, Arrow and Python comes in as a common type, or stands in no one's way."""

import datetime
import enum
import io
import uuid
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from torso.columns.cells import numbers, texts
from torso.core.errors import DataError
from torso.inference.report import inspect_table
from torso.tables.table import Table, read_table, write_table
from torso.tables.types.media_cells import MEDIA


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


def cells(table: Table, name: str = "c") -> list:
    return table.column(name).values.to_pylist()


def png(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


def arrow(values, given: pa.DataType | None = None) -> pa.Table:
    return pa.table({"c": pa.array(values, given)})


def pandas(values, **dtype) -> pd.DataFrame:
    return pd.DataFrame({"c": pd.Series(values, **dtype)})


def polars(values, given=None) -> pl.DataFrame:
    return pl.DataFrame({"c": pl.Series(values, dtype=given)})


MOMENT = datetime.datetime(2024, 5, 17, 12, 30)
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (pandas(pd.cut([10, 60], [0, 50, 100])), ["(0, 50]", "(50, 100]"]),
        (pandas(pd.interval_range(0, 2)), ["(0, 1]", "(1, 2]"]),
        (pandas(pd.interval_range(0.5, 2.5, closed="left")), ["[0.5, 1.5)", "[1.5, 2.5)"]),
        (pandas(pd.period_range("2024-01", periods=2, freq="M")), ["2024-01", "2024-02"]),
        (pandas(pd.arrays.SparseArray([0.0, 1.5])), [0.0, 1.5]),
        (pandas([1, None], dtype="Int64"), [1, None]),
        (pandas([True, None], dtype="boolean"), [True, None]),
        (pandas([1, "a", 2.5, None], dtype="category"), ["1", "a", "2.5", None]),
        (pandas([2**53 + 1, 2**62]), [2**53 + 1, 2**62]),
        (pandas([2**63, 1], dtype="uint64"), [2**63, 1]),
        (pandas([10**30, 1], dtype=object), [str(10**30), "1"]),
        (pandas([2**53 + 1, 0.5], dtype=object), [str(2**53 + 1), "0.5"]),
        (pandas(["a\ud800", "b"], dtype=object), ["a\ufffd", "b"]),
        (pandas([{"b", "a"}, frozenset("c")]), [["a", "b"], ["c"]]),
        (pandas([np.ones(2), np.ones(1)]), [[1.0, 1.0], [1.0]]),
        (pandas([np.ones((1, 2)), None]), [[[1.0, 1.0]], None]),
        (pandas([pd.Series([1, 2]), range(2)]), [[1, 2], [0, 1]]),
        (pandas([MOMENT.date(), MOMENT], dtype=object), [datetime.datetime(2024, 5, 17), MOMENT]),
        (pandas([np.datetime64("2024-05"), np.datetime64("NaT")], dtype=object), [datetime.date(2024, 5, 1), None]),
        (pandas([ID, None]), [str(ID), None]),
        (pandas([Size.SMALL, Size.LARGE]), ["s", "l"]),
        (pandas([Fraction(1, 4), 2]), [0.25, 2.0]),
        (pandas([Decimal("NaN"), Decimal("1.5"), Decimal("Infinity")]), [None, 1.5, float("inf")]),
        (pandas([Decimal("0.35"), 2.5]), [0.35, 2.5]),
        (arrow([Decimal("0.35"), None]), [0.35, None]),
        (pandas([True, 1.5, None], dtype=object), ["true", "1.5", None]),
        (pandas([True, np.nan], dtype=object), [True, None]),
        (pandas([[1, "a"], [2.5]]), ['[1, "a"]', "[2.5]"]),
        (pandas(["a", ["b", "c"]]), ["a", '["b", "c"]']),
        (pandas([{"bytes": b"x", "path": "p"}, {"path": "q"}]), [{"bytes": b"x", "path": None}, {"bytes": None, "path": "q"}]),
        (pandas([b"x", "q"]), [{"bytes": b"x", "path": None}, {"bytes": None, "path": "q"}]),
        (polars(["a", "b"], pl.Enum(["b", "a"])), ["a", "b"]),
        (polars([1, None], pl.Int128), [1, None]),
        (polars([[1, 2]], pl.Array(pl.Int8, 2)), [[1, 2]]),
        (polars([{1, 2}], pl.Object), [[1, 2]]),
        (polars([None, None]), [None, None]),
        (arrow([ID.bytes], pa.uuid()), [str(ID)]),
        (arrow([1, 0], pa.bool8()), [True, False]),
        (arrow([[1], [2, 3]], pa.list_view(pa.int64())), [[1], [2, 3]]),
        (arrow([[Decimal("0.35")], None]), [[0.35], None]),
        (arrow([["a"]], pa.large_list_view(pa.string_view())), [["a"]]),
        (arrow([1500, None], pa.duration("ms")), [1.5, None]),
        (pandas(pd.to_timedelta(["1h", None])), [3600.0, None]),
        (arrow([2**60, 0], pa.timestamp("s")), [None, datetime.datetime(1970, 1, 1)]),
        (arrow([{"bytes": None, "path": "a.png"}]), ["a.png"]),
        (arrow([{"bytes": b"x", "path": "a.png"}, None]), [b"x", None]),
        (pa.table({"c": pa.FixedShapeTensorArray.from_numpy_ndarray(np.ones((2, 1, 2)))}), [[[1.0, 1.0]]] * 2),
        (pa.table({"c": pa.RunEndEncodedArray.from_arrays([1, 3], ["a", "b"])}), ["a", "b", "b"]),
        ({"c": np.ma.array([1, 2], mask=[False, True])}, [1, None]),
        ({"c": np.array(["2024", "NaT"], "datetime64[Y]")}, [datetime.date(2024, 1, 1), None]),
        ({"c": np.array([b"a", b"\xc3\xa4"])}, ["a", "ä"]),
        ([{"c": 1}, {"c": True}, {"c": None}], ["1", "true", None]),
        ([{"c": 1}, {"c": MOMENT}], ["1", "2024-05-17 12:30:00"]),
    ],
)  # fmt: skip
def test_each_type_comes_in_as_a_common_one(source, expected):
    got = cells(read_table(source))
    if isinstance(expected[0], datetime.date) and not isinstance(expected[0], datetime.datetime):
        got = [cell and datetime.date(cell.year, cell.month, cell.day) for cell in got]
    assert got == expected
    assert list(map(type, got)) == list(map(type, expected))


UNREADABLE = {
    "mapping": pandas([{"a": 1}, {"a": 2}]),
    "map": arrow([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    "interval": arrow([pa.MonthDayNano([1, 2, 3])]),
    "union": pa.table(
        {"c": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["a"])])}
    ),
    "struct": polars([{"a": 1, "b": 2}]),
    "coded": pa.table({"c": pa.DictionaryArray.from_arrays([0], pa.array([{"a": 1}]))}),
    "object": pandas([None, object()]),
    "polars": polars([object()], pl.Object),
    "complex": pandas([1j]),
    "bytes": pandas([b"x", 1]),
    "damaged": pa.table(
        {
            "c": pa.Array.from_buffers(
                pa.string(), 2, [None, pa.py_buffer(np.array([0, 9, 2], "i4")), pa.py_buffer(b"ab")]
            )
        }
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_column_that_nobody_can_read_is_told_and_stops_no_one(name):
    table = read_table(UNREADABLE[name])
    (report,) = inspect_table(table)
    assert (report.kind, report.use) == ("", False)
    assert len(report.warnings) == 1
    assert table.take(np.arange(table.rows)).rows == table.rows
    with pytest.raises(DataError, match=r"<frame>, row \d, column 'c': .*\. .*\."):
        table.column("c")
    assert read_table(table).unreadable == table.unreadable


def test_pictures_and_recordings_in_cells_are_files():
    samples = {"array": np.zeros(8), "sampling_rate": 8000, "path": None}
    table = read_table(
        {
            "picture": [Image.new("RGB", (4, 4)), Image.new("F", (4, 4))],
            "pixels": np.zeros((2, 4, 4, 3), np.uint8),
            "hub": [{"bytes": png(1), "path": None}, {"bytes": None, "path": "a.png"}],
            "sound": [samples, samples],
        }
    )
    kinds = {report.name: report.kind for report in inspect_table(table)}
    assert kinds == {"picture": "image", "pixels": "image", "hub": "image", "sound": "audio"}
    assert table.column("hub").values.type == MEDIA


@pytest.mark.parametrize(
    ("source", "names", "ordered"),
    [
        (pandas(pd.cut([10, 60], [0, 50, 100])), ("(0, 50]", "(50, 100]"), True),
        (pandas(pd.Categorical([2, 1, 2])), ("1", "2"), False),
        (pandas(pd.Categorical([True, False])), ("false", "true"), False),
        (polars(["a"], pl.Enum(["b", "a"])), ("b", "a"), False),
        (polars(["a"], pl.Enum(["b", "a"])).to_arrow(), ("b", "a"), False),
        (polars(["a"], pl.Categorical), ("a",), False),
        (arrow(["a", "b"]).cast(pa.schema([("c", pa.dictionary(pa.int8(), pa.string()))])), ("a", "b"), False),
    ],
)  # fmt: skip
def test_a_categorical_type_keeps_its_categories(source, names, ordered):
    column = read_table(source).take(np.array([0])).column("c")
    assert (column.categories, column.ordered) == (names, ordered)


def test_a_categorical_type_is_a_category_and_an_ordered_one_has_an_order():
    frame = pd.DataFrame(
        {
            "code": pd.Categorical([7, 8, 9] * 4),
            "two": pd.Categorical(["a", "b"] * 6),
            "grade": pd.Categorical(["c", "b", "a"] * 4, ["c", "b", "a", "a+"], ordered=True),
            "name": pd.Categorical([f"n{row}" for row in range(12)]),
        }
    )
    table = read_table(frame)
    kinds = {report.name: (report.kind, report.use) for report in inspect_table(table)}
    assert kinds.pop("name")[1] is False
    assert kinds == {
        "code": ("category", True),
        "two": ("binary", True),
        "grade": ("category", True),
    }
    targets = {report.name: report for report in inspect_table(table, ["code", "two", "grade"])}
    assert [targets[name].kind for name in ("code", "two", "grade")] == [
        "category",
        "binary",
        "ordinal",
    ]
    assert targets["grade"].settings == {"order": ["c", "b", "a", "a+"]}


def test_whole_numbers_beyond_2_to_the_53_are_read_and_told():
    values = [2**60 + row * row for row in range(40)] * 2
    for source in ({"c": values}, {"c": [value + 2**63 for value in values]}):
        (report,) = inspect_table(read_table(source))
        assert report.kind == "number"
        assert "beyond 2^53" in report.warnings[0]


def test_bytes_that_are_text_are_read_where_the_kind_says_so():
    table = read_table({"c": [b"ann", None, b"b\xc3\xa4r"]})
    (report,) = inspect_table(table)
    assert "--set inputs.c.kind=text" in report.warnings[0]
    assert texts(table.column("c")).to_pylist() == ["ann", None, "b\u00e4r"]
    with pytest.raises(DataError, match="row 1, column 'c': expected plain values"):
        texts(read_table({"c": [b"\xff"]}).column("c"))


def test_types_that_only_a_files_metadata_names_are_read(tmp_path):
    frame = pd.DataFrame(
        {"p": pd.period_range("2024-01", periods=2, freq="M"), "i": pd.interval_range(0, 2)}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    write_table(pa.Table.from_pandas(frame), tmp_path / "t.arrow")
    for name in ("t.parquet", "t.arrow"):
        table = read_table(tmp_path / name)
        assert cells(table, "p") == ["2024-01", "2024-02"]
        assert cells(table, "i") == ["(0, 1]", "(1, 2]"]


@pytest.mark.parametrize(
    ("source", "note"),
    [
        (pandas([1, "a"], dtype=object), "c: mixes numbers and text (row 2): all cells are read as text."),
        (pandas([10**30, 1], dtype=object), "c: whole numbers beyond 64 bits are read as text."),
        (pandas(["a\ud800"], dtype=object), "c: a text holds halves of characters (lone surrogates), read as U+FFFD."),
        (arrow([2**60], pa.timestamp("s")), "c: 1 cells lie beyond the years 1 to 9999 and count as missing."),
    ],
)  # fmt: skip
def test_a_change_of_cells_is_told(source, note):
    table = read_table(source)
    assert table.notes == (note,)
    assert read_table(table).notes == table.notes


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (pl.DataFrame({"a": [1]}).lazy(), r"LazyFrame.*\.collect\(\)"),
        (pl.Series([1]), r"Series.*\.to_frame\(\)"),
        (pd.Series([1]), r"Series.*\.to_frame\(\)"),
        (pa.array([1]), "from Int64Array"),
        ({"a": {"x": 1}}, "should be a sequence"),
        ({"a": np.array(5)}, "should be a sequence"),
        (None, "from NoneType"),
    ],
)
def test_what_is_no_table_says_so(source, said):
    with pytest.raises(DataError, match=said):
        read_table(source)


def test_facts_of_columns_follow_them_into_other_tables():
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": [object(), object()]})
    table = read_table(frame)
    new = read_table({"n": [1, 2]}).with_column("a", table).with_column("b", table)
    for renamed in (new.renamed(["n", "a", "b"]), table.renamed(["a", "b"])):
        assert renamed.column("a").categories == ("x", "y")
        assert list(renamed.unreadable) == ["b"]
    assert table.renamed(["c", "d"]).categories.keys() == {"c"}


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(), max_size=5),
    st.sampled_from(["1", "1.0", "007", "true", "NA", " ", "1,5", "[1]"]),
    st.decimals(allow_nan=True, places=2),
)
OTHER = st.one_of(
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.binary(max_size=3),
    st.uuids(),
    st.fractions(),
    st.complex_numbers(),
    st.recursive(PLAIN, lambda cells: st.lists(cells, max_size=3) | st.dictionaries(st.text(max_size=2), cells, max_size=2)),
    st.frozensets(st.integers(), max_size=3),
    st.builds(object),
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(PLAIN, min_size=1, max_size=6))
def test_a_plain_cell_alone_is_read_as_in_any_column(column):
    whole = read_table({"c": column}).column("c")
    written, amounts = texts(whole).to_pylist(), numbers(whole)
    for row, cell in enumerate(column):
        alone = read_table([{"c": cell}]).column("c")
        assert texts(alone).to_pylist() == written[row : row + 1]
        np.testing.assert_array_equal(numbers(alone), amounts[row : row + 1])


@settings(max_examples=40)
@given(st.lists(PLAIN | OTHER, min_size=1, max_size=6))
def test_any_cells_come_in_or_stand_in_no_ones_way(column):
    table = read_table({"c": column, "x": range(len(column))})
    assert table.rows == len(column)
    assert table.take(np.arange(table.rows)).column("x").values.to_pylist() == list(
        range(len(column))
    )
    assert [report.name for report in inspect_table(table)] == ["c", "x"]


@pytest.mark.parametrize(
    "cell",
    ["a b", "  a b ", "", " ", "nan", "é ", "a\x1f", "\ta", "a\n", "7", 7, -(2**63), 2**63, 2**70, 1.5, float("nan"), float("inf"), True, None],
)  # fmt: skip
def test_a_cell_alone_is_read_as_among_others(cell):
    alone, together = (read_table({"x": cells}).column("x") for cells in ([cell], [cell, cell]))
    assert alone.values.type == together.values.type
    assert alone.values.to_pylist() == together.values.to_pylist()[:1]
    assert alone.typed == together.typed
