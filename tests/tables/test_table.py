"""Tables from every source, and one clear error for each that cannot be one."""

import gzip
import json
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.places import SOURCE
from torso.core.errors import DataError
from torso.tables.numbers.numerals import as_numbers
from torso.tables.table import Table, read_table, write_table


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def cells(table: Table, name: str) -> list:
    return table.column(name).values.to_pylist()


PLAIN = {"name": ["a", None, "c"], "count": [1, 2, 3], "size": [0.5, None, 2.0]}
WRITTEN = {"name": ["a", None, "c"], "count": ["1", "2", "3"], "size": ["0.5", None, "2"]}


@pytest.mark.parametrize(
    "suffix",
    ["csv", "tsv", "csv.gz", "jsonl", "ndjson", "jsonl.gz", "json", "parquet", "arrow", "feather"],
)
def test_every_format_gives_back_what_was_written(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    write_table(pa.table(PLAIN), path)
    table = read_table(path)
    kept = WRITTEN if suffix in ("csv", "tsv", "csv.gz") else PLAIN
    assert {name: cells(table, name) for name in table.names} == kept
    assert (table.name, table.folder, table.rows) == (f"t.{suffix}", tmp_path, 3)
    assert list(tmp_path.iterdir()) == [path]  # no half file stays


@pytest.mark.parametrize(
    "source",
    [
        PLAIN,
        [dict(zip(PLAIN, row, strict=True)) for row in zip(*PLAIN.values(), strict=True)],
        pd.DataFrame(PLAIN, index=["x", "y", "z"]),
        pd.DataFrame(PLAIN).astype({"name": object}),
        pd.DataFrame(PLAIN).astype({"name": "category", "count": "int8", "size": "float32"}),
        pl.DataFrame(PLAIN),
        pl.DataFrame(PLAIN, schema_overrides={"name": pl.Categorical, "count": pl.UInt16}),
        pa.table(PLAIN),
        pa.table(PLAIN).to_reader(),
        pa.table({**PLAIN, "name": pa.array(PLAIN["name"], pa.string_view())}),
        pa.table({**PLAIN, "name": pa.array(PLAIN["name"]).dictionary_encode()}),
        pa.table({**PLAIN, "size": pa.array([Decimal("0.5"), None, Decimal("2.0")])}),
        Table(pa.table(PLAIN)),
    ],
    ids=lambda source: type(source).__name__,
)
def test_every_frame_becomes_the_same_table(source):
    table = read_table(source)
    assert {name: cells(table, name) for name in table.names} == PLAIN
    assert [str(t) for t in table.data.schema.types] == ["large_string", "int64", "double"]


def test_frames_keep_infinity_and_lose_nan_and_the_index():
    frame = pd.DataFrame({"x": [1.0, float("nan"), float("inf")]}, index=[7, 8, 9])
    table = read_table(frame)
    assert table.names == ["x"]
    assert cells(table, "x") == [1.0, None, float("inf")]


def test_lists_dates_bools_and_bytes_stay_what_they_are():
    table = read_table(
        {
            "vector": np.arange(6.0).reshape(3, 2),
            "fixed": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2)),
            "steps": [np.zeros((2, 2)), None, [[1, 2]]],
            "flag": [True, None, False],
            "day": [date(2024, 1, 1), None, date(2024, 1, 2)],
            "time": [datetime(2024, 1, 1, 12), None, None],
            "bytes": [b"ab", None, b""],
            "path": [Path("a.png"), None, Path("b.png")],
        }
    )
    types = {name: str(table.column(name).values.type) for name in table.names}
    assert cells(table, "vector") == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert cells(table, "fixed") == [[1, 2], None, [3, 4]]
    assert cells(table, "steps") == [[[0, 0], [0, 0]], None, [[1, 2]]]
    assert cells(table, "flag") == [True, None, False]
    assert cells(table, "path") == ["a.png", None, "b.png"]
    assert types["fixed"].startswith("list<") and types["bytes"] == "large_binary"
    assert types["day"] == "date32[day]" and types["time"].startswith("timestamp")


# --- CSV cells --------------------------------------------------------------------------------------


def test_text_is_numbers_only_where_every_cell_is():
    def judged(*strings):
        return as_numbers(pa.array(strings, pa.large_string())).to_pylist()

    assert judged("1", "-2", "+3") == [1, -2, 3]
    assert judged("1", None, "NA") == [1, None, None]
    assert judged("1.5", ".5", "1e3") == [1.5, 0.5, 1000.0]
    assert judged("1", None, "inf") == [1.0, None, float("inf")]
    assert judged("a", "NaN", "null") == ["a", "NaN", "null"]
    assert judged("02139", "10001", "94105") == ["02139", "10001", "94105"]
    assert judged("NA", "n/a", "Null") == ["NA", "n/a", "Null"]
    assert judged("123456789012345678901", "2") == ["123456789012345678901", "2"]
    far = [*map(str, range(500)), "nan", "N/A"]
    assert judged(*far)[499:] == [499, None, None]
    assert judged(*far, "oops")[:2] == ["0", "1"]


def test_a_csv_holds_text(tmp_path):
    """A cell means the same whatever else stands in the file, so a row may come alone."""
    table = read_table(write(tmp_path, "t.csv", "whole,version,zip\n1,1.10,02139\n 2 ,,3\n"))
    assert {name: cells(table, name) for name in table.names} == {
        "whole": ["1", "2"],
        "version": ["1.10", None],
        "zip": ["02139", "3"],
    }


def test_a_word_far_down_keeps_the_column_text(tmp_path):
    body = "\n".join([*map(str, range(500)), "oops"])
    assert (
        read_table(write(tmp_path, "t.csv", f"x\n{body}\n")).column("x").values[500].as_py()
        == "oops"
    )


def test_missing_markers_are_the_users_choice(tmp_path):
    path = write(tmp_path, "t.csv", "a,b\n?,-999.0\nx, ? \n.,3\n")
    table = read_table(path, missing=["?", "-999", "."])
    assert cells(table, "a") == [None, "x", None]
    assert cells(table, "b") == [None, None, "3"]
    assert cells(read_table({"b": [1, -999]}, missing=["-999"]), "b") == [1, None]


def test_cells_are_trimmed_and_quotes_hold_breaks_and_commas(tmp_path):
    path = write(tmp_path, "t.csv", b'\xef\xbb\xbfa, b\n" x,\ny ","say ""hi"""\n  ,z\n')
    table = read_table(path)
    assert table.names == ["a", "b"]
    assert cells(table, "a") == ["x,\ny", None]
    assert cells(table, "b") == ['say "hi"', "z"]


def test_column_names_that_pytorch_refuses_are_fine(tmp_path):
    table = read_table(write(tmp_path, "t.csv", "items,type,a.b\n1,2,3\n"))
    assert table.names == ["items", "type", "a.b"]


def test_a_cell_larger_than_a_block_is_read(tmp_path):
    path = write(tmp_path, "t.csv", f"a,b\n{'x' * (1 << 25)},1\n")
    assert len(cells(read_table(path), "a")[0]) == 1 << 25


def test_numbers_beside_text_in_rows_stay_as_text():
    assert cells(read_table([{"x": 1}, {"x": "b"}, {"y": 1}]), "x") == ["1", "b", None]


# --- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", "", r"t\.csv is empty"),
        ("t.csv", "\n\n", r"t\.csv is empty"),
        ("t.csv", "a,b\n", r"no rows, only a header"),
        ("t.csv", "a,b\n1,2\n\n3,4,5\n", r"t\.csv, row 2 \(line 4\): 3 cells where the header has 2"),
        ("t.csv", "a,b\n1,2\n3\n", r"row 2 \(line 3\): 1 cells"),
        ("t.tsv", "a\tb\n1\t2\t3\n", r"t\.tsv, row 1 \(line 2\): 3 cells"),
        ("t.jsonl", '{"a": 1}\n{"a": \n', r"t\.jsonl, line 2 is not valid JSON"),
        ("t.jsonl", '{"a": 1}\n[1]\n', r"row 2: a row should be an object"),
        ("t.json", "[{", r"not valid JSON"),
        ("t.json", "[]", r"no columns"),
        ("t.parquet", b"PAR1 nothing more", r"damaged or not a \.parquet file"),
        ("t.arrow", b"nothing", r"damaged or not a \.arrow file"),
        ("t.xlsx", b"PK", r"unknown kind of table '\.xlsx'. Known: \.csv"),
        ("t", "a\n1\n", r"unknown kind of table ''"),
        ("t.parquet.gz", b"x", r"unknown kind of table"),
    ],
)  # fmt: skip
def test_bad_files_say_what_is_wrong(tmp_path, name, content, said):
    path = write(tmp_path, name, content)
    with pytest.raises(DataError, match=said):
        read_table(path)


def test_a_broken_gzip_is_damaged(tmp_path):
    path = write(tmp_path, "t.csv.gz", "a,b\n" + "1,2\n" * 5000)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"t\.csv\.gz"):
        read_table(path)


def test_a_file_that_is_not_there_names_its_neighbour(tmp_path):
    write(tmp_path, "stamps.csv", "a\n1\n")
    with pytest.raises(DataError, match=r"file not found. Did you mean '.*stamps\.csv'"):
        read_table(tmp_path / "stamp.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="no folder"):
        read_table(tmp_path / "no" / "t.csv")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({}, "no columns"),
        ([], "no columns"),
        ({"a": []}, "<frame> has no rows"),
        (pd.DataFrame({"a": []}), "<frame> has no rows"),
        ({"a": [1], "b": [1, 2]}, "differ in length"),
        ({"a": "text"}, "should be a sequence"),
        (7, "Cannot read a table from int"),
        ([1, 2], "Cannot read a table from list"),
    ],
)
def test_bad_frames_say_what_is_wrong(source, said):
    with pytest.raises(DataError, match=said):
        read_table(source)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow", "frame"])
def test_names_that_repeat_or_lack_are_settled_and_told(tmp_path, suffix):
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=["", "a", "a", "a.1"])
    path = tmp_path / f"t.{suffix}"
    if suffix == "csv":
        frame.to_csv(path, index=False)
    elif suffix != "frame":
        write_table(pa.Table.from_arrays([pa.array([1])] * 4, names=list(frame.columns)), path)
    table = read_table(frame if suffix == "frame" else path)
    assert table.names == ["Unnamed: 0", "a", "a.2", "a.1"]
    assert len(table.notes) == 2 and "'a.2'" in table.notes[0] and "'Unnamed: 0'" in table.notes[1]
    assert table.take(np.array([0])).notes == next(table.pieces(1)).notes == table.notes


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("form", ["records", "columns", "lists", "nested", "lines"])
def test_every_layout_of_json_is_read_as_rows(tmp_path, suffix, form):
    frame = pd.DataFrame({"name": ["a", "b"], "size": [1, 2]})
    rows = frame.to_dict("records")
    text = {
        "records": json.dumps(rows, indent=1),
        "columns": frame.to_json(),
        "lists": json.dumps(frame.to_dict("list"), indent=1),
        "nested": json.dumps({"made": "by hand", "rows": rows}, indent=1),
        "lines": frame.to_json(orient="records", lines=True),
    }[form]
    table = read_table(write(tmp_path, f"t.{suffix}", text))
    assert table.data.to_pylist() == rows
    assert bool(table.notes) == (form in ("columns", "lists", "nested"))
    one = read_table(write(tmp_path, f"t.{suffix}", '{"v": [1, 2], "w": [3, 4]}\n'))
    assert cells(one, "v") == [[1, 2]]  # a line is a row


ROWS = [{"name": "a", "size": 1}, {"name": "b", "size": 2}]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("content", "how"),
    [
        ({"columns": ["name", "size"], "index": [0, 1], "data": [["a", 1], ["b", 2]]}, "lists"),
        ({"dataframe_split": {"columns": ["name", "size"], "data": [["a", 1], ["b", 2]]}}, "lists"),
        ({"0": ROWS[0], "1": ROWS[1]}, "by number"),
        ({"data": ROWS}, "'data'"),
        ({"schema": {"fields": []}, "data": ROWS}, "'data'"),
        ({"result": {"rows": ROWS}}, "'rows'"),
        ({"status": "ok", "count": 2, "result": {"rows": ROWS}}, "'rows'"),
        ({"meta": {"made": "by hand"}, "records": ROWS}, "'records'"),
        ([["name", "size"], ["a", 1], ["b", 2]], "names the columns"),
    ],
)
def test_json_is_read_in_the_shapes_that_people_have_and_told_which(tmp_path, content, how, indent):
    table = read_table(write(tmp_path, "t.json", json.dumps(content, indent=indent)))
    assert table.data.to_pylist() == ROWS
    (note,) = table.notes
    assert note.startswith("t.json: ") and how in note


def test_json_that_is_a_row_or_no_table(tmp_path):
    for content in (ROWS[0], {"input": ROWS[0]}):
        table = read_table(write(tmp_path, "t.json", json.dumps(content, indent=1)))
        assert table.data.to_pylist() == ROWS[:1]
    for content, problem in (
        ({"train": ROWS, "test": ROWS}, r"t\.json: .*several lists of rows, \['train', 'test'\]"),
        ({"columns": ["a", "b"], "data": [[1, 2], [3]]}, r"t\.json: Row 2 .* 2 cells"),
        ([[1, 2], [3, 4]], r"row 1: .*a list below a list of names"),
    ):
        with pytest.raises(DataError, match=problem):
            read_table(write(tmp_path, "t.json", json.dumps(content)))


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(DataError, match=r"Unknown column 'catgory'\. Did you mean 'category'"):
        read_table({"category": ["a"]}).column("catgory")


def test_errors_name_table_row_and_column(tmp_path):
    column = read_table(write(tmp_path, "stamps.csv", "seconds\n1\nx\n")).column("seconds")
    assert str(column.error(1, "no number")) == "stamps.csv, row 2, column 'seconds': no number"
    assert len(column) == 2


# --- taking and writing -------------------------------------------------------------------------------


def test_take_keeps_order_name_and_folder(tmp_path):
    table = read_table(write(tmp_path, "t.csv", "a\n1\n2\n3\n"))
    some = table.take(np.array([2, 0, 2]))
    assert cells(some, "a") == ["3", "1", "3"]
    assert (some.name, some.folder) == ("t.csv", tmp_path)


def test_lists_in_a_csv_are_json_text(tmp_path):
    write_table(pa.table({"v": [[1.5, None], None], "s": ['a "b", c', "ü"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text("utf-8") == 'v,s\n"[1.5, null]","a ""b"", c"\n,ü\n'


def test_text_formats_refuse_bytes_and_leave_no_file(tmp_path):
    with pytest.raises(DataError, match=r"column 'b' holds bytes.*Parquet"):
        write_table(pa.table({"b": [b"x"]}), tmp_path / "t.csv")
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError, match=r"Cannot write t\.xlsx"):
        write_table(pa.table({"b": [1]}), tmp_path / "t.xlsx")


def test_jsonl_writes_nan_as_null_and_dates_as_text(tmp_path):
    write_table(pa.table({"x": [float("nan")], "d": [date(2024, 1, 2)]}), tmp_path / "t.jsonl")
    assert json.loads((tmp_path / "t.jsonl").read_text()) == {"x": None, "d": "2024-01-02"}


@pytest.mark.parametrize("name", ["t.jsonl", "t.csv"])
def test_float32_is_written_with_the_digits_that_tell_it_apart(tmp_path, name):
    third, wide = np.float32(1 / 3), pa.list_(pa.float32())
    table = pa.table(
        {"x": pa.array([third], pa.float32()), "v": pa.array([[third, None, 0.1]], wide)}
    )
    write_table(table, tmp_path / name)
    text = (tmp_path / name).read_text()
    assert text.count("0.33333334") == 2
    assert "0.3333333432674408" not in text
    assert "0.1]" in text


def test_reading_a_file_does_not_import_pandas(tmp_path):
    path = write(tmp_path, "t.csv", "a,b,c\n1,x,NA\n2,,3\n")
    write_table(pa.table(PLAIN), tmp_path / "t.parquet")
    code = f"""
import sys
from tests.places import SOURCE
from torso.tables.table import read_table
read_table({str(path)!r}, missing=["?"]); read_table({str(tmp_path / "t.parquet")!r})
assert "pandas" not in sys.modules
"""
    source = str(SOURCE)
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": source, "PATH": ""})
